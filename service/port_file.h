// Tells a script which ports were chosen.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace bitnet {

// Writes {"grpc": "127.0.0.1:50051", "http": "127.0.0.1:8080"} to `path`, and "admin" if that is not empty,
// at once: a reader that finds the file finds it complete.
absl::Status WritePortFile(const std::string& path, const std::string& grpc_address,
                           const std::string& http_address, const std::string& admin_address);

}  // namespace bitnet

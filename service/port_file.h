// Tells a script which ports were chosen.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace bitnet {

struct PortFileAddresses {
  std::string grpc;
  std::string http;
  std::string admin;  // This and the next are left out of the file when they are empty.
  std::string agent;
};

// Writes {"grpc": "127.0.0.1:50051", "http": "127.0.0.1:8080"} to `path`, at once: a reader that finds the
// file finds it complete.
absl::Status WritePortFile(const std::string& path, const PortFileAddresses& addresses);

}  // namespace bitnet

// Logging of the server processes, set up once by their main. Library code of `engine` and `kernels` never
// logs.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace bitnet {

// All messages go to stderr, one line each: UTC time, level, `process` name and text. `level` is trace,
// debug, info, warning, error or off; INVALID_ARGUMENT names another one. Call before any thread starts.
absl::Status SetUpLogging(std::string_view process, std::string_view level);

}  // namespace bitnet

// Finds the small model that comes with the program.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

// `environment` (the value of BITNET_MODEL, or null) if it is set, whether or not there is such a file: its
// user wants to know if there is none. Otherwise ../share/bitnet/models next to the folder of `program`,
// where an installation puts it, and then models in that folder and all above it, where a build finds its
// source tree. NOT_FOUND lists what was tried.
absl::StatusOr<std::string> FindDefaultModel(const char* environment, const std::filesystem::path& program);

// Where the running program's file is; empty if the system does not say.
std::filesystem::path ProgramPath();

}  // namespace bitnet

// What the front uses when it is told nothing: the embedded model and the worker beside it.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

namespace bitnet {

// The running program's own file.
absl::StatusOr<std::filesystem::path> ExecutablePath();

// $BITNET_MODEL; or the embedded model as installed (share/bitnet/models beside bin/); or models/ of the
// source tree that `executable` was built in. NOT_FOUND lists where it looked.
absl::StatusOr<std::filesystem::path> DefaultModel(const std::filesystem::path& executable);

}  // namespace bitnet

// Whether a model file is still the one that it was.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

// A short text that is the same for the same file as long as nobody writes to it or puts another one in its
// place: made of what the file system says (device, number, size, time of change), since reading gigabytes
// would take longer than starting a worker. A copy is another file. Of a directory: of all files in it.
// NOT_FOUND and other errors of the file system.
absl::StatusOr<std::string> FileIdentity(const std::string& path);

}  // namespace bitnet

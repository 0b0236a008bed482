// What must be true of a path before a server can listen there.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace bitnet {

// Makes way for a socket at `path`: the file that a killed process left behind is removed. INVALID_ARGUMENT:
// the path is longer than a socket's may be; ALREADY_EXISTS: there is another kind of file, or a socket on
// which somebody still listens. Nothing that somebody may need is removed.
absl::Status PrepareSocketPath(const std::string& path);

}  // namespace bitnet

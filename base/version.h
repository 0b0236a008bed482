// What `--version` prints.
#pragma once

#include <string_view>

namespace bitnet {

// "0.1.0": the project's version from CMakeLists.txt.
std::string_view Version();

}  // namespace bitnet

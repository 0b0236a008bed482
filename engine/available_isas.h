// Rungs of the ladder (cpu_features.h) that the running CPU has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/cpu_features.h"

namespace bitnet {

// The one called `name`, or nullptr: there is none, or this CPU lacks what it needs.
const Isa* FindAvailableIsa(std::string_view name);
// The names of all, richest first.
std::vector<std::string> AvailableIsaNames();

}  // namespace bitnet

// What bitnet-top shows.
#pragma once

#include <string>
#include <vector>

#include "service/top/figures.h"

namespace bitnet {

// Lines of text, of the time between two snapshots. Rows of what is not measured are left out.
std::vector<std::string> Screen(const Snapshot& from, const Snapshot& to);

// `share` of `width` characters filled: "####......".
std::string Bar(double share, int width);

}  // namespace bitnet

// What a processor is called.
#pragma once

#include <string>

namespace bitnet {

// "AMD EPYC 7B13", "Apple M4 Pro", as the system names it; "unknown" if it does not.
std::string ChipName();

}  // namespace bitnet

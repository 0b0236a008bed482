// Memory of this process.
#pragma once

#include <cstdint>
#include <optional>

namespace bitnet {

// The most that was resident since the last ResetPeakMemory, or since the process began where the system
// cannot reset it. Nothing where it does not tell.
std::optional<uint64_t> PeakMemoryBytes();
void ResetPeakMemory();

}  // namespace bitnet

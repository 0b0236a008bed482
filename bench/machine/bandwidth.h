// How fast this machine reads memory.
#pragma once

#include <cstddef>

namespace bitnet {

// Bytes per second that `threads` pinned threads read together: each its own part of a buffer that no cache
// holds, with nothing done to it but what keeps the compiler from leaving it out. The median of several
// passes.
double MeasureReadBandwidth(int threads);

// The buffer of all threads together: eight times the last-level cache where the system tells it, at least
// 256 MiB. `root` is "" outside tests.
size_t BandwidthBufferBytes(const char* root = "");

// Of the largest cache of CPU 0; 0 where the system does not tell.
size_t LastLevelCacheBytes(const char* root = "");

}  // namespace bitnet

// What decides between packed layouts: how fast a chip reads memory, and how fast it unpacks weights.
#pragma once

#include <cstdint>
#include <string>

#include "engine/threads/thread_pool.h"

namespace bitnet {

enum class TargetArch : uint8_t { kNative, kArm64Darwin, kArm64Linux, kX86_64Linux };

struct ChipProperties {
  std::string name;
  int threads = 1;
  double bandwidth = 0;   // Bytes a nanosecond (GB/s) that all threads together read from memory.
  double rate_2bit = 0;   // Weights a nanosecond that one thread multiplies out of its cache, packed in 2
                          // bits,
  double rate_base3 = 0;  // and five to a byte.
  bool measured = false;  // Here and now, rather than listed.
};

// A chip of this kind as people have it. kNative is listed as this program's own architecture.
ChipProperties ListedChip(TargetArch arch);

// This machine, by reading memory and running both kernels with all threads of the pool: about a quarter of
// a second.
ChipProperties MeasureThisChip(ThreadPool& pool);

// How long all threads together take for a weight that is read once, whichever of memory and unpacking is the
// slower, when a matrix has `bits` per weight.
double NanosecondsPerWeight(const ChipProperties& chip, double bits, double rate);

}  // namespace bitnet

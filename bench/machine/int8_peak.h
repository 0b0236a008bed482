// How many int8 multiply-adds this machine does, with operands in registers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bitnet {

// Runs `rounds` rounds of independent multiply-adds of which each accumulates to 32 bits.
using Int8Rounds = void(size_t rounds);

struct Int8PeakKernel {
  const char* isa;          // A name of kernels/cpu_features.h.
  const char* instruction;  // What does it: "vpdpbusd".
  size_t macs_per_round;
  Int8Rounds* run;
};

// Those of this binary; the last is "portable".
std::span<const Int8PeakKernel> Int8PeakKernels();
// The one for an instruction set, or the portable one if it has none of its own.
const Int8PeakKernel& FindInt8Peak(std::string_view isa);

// Multiply-adds per second that `threads` pinned threads do together: the median of several passes.
double MeasureInt8Peak(const Int8PeakKernel& kernel, int threads);

// One file each, named after the instruction set and compiled for it.
Int8Rounds Int8RoundsPortable, Int8RoundsX86Avx2, Int8RoundsX86Avx512Vnni, Int8RoundsArmNeonDot,
    Int8RoundsArmI8mm;

}  // namespace bitnet

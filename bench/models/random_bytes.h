// Random contents of tensors, in the layouts that the kernels read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/model/model_file.h"

namespace bitnet {

// Fast and good enough for weights: xorshift64* (Vigna 2016).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }

 private:
  uint64_t state_;
};

// Bytes of packed codes of a type, each a valid one: four trits, five trits, or any bits.
void FillCodes(GgmlType type, Random& random, std::span<uint8_t> codes);
// Half-precision bits between `scale` and twice it; positive.
void FillHalfScales(float scale, Random& random, std::span<uint8_t> halves);
void FillFloatScales(float scale, Random& random, std::span<uint8_t> floats);
// Halves of either sign between 2^-6 and 2^-3: an embedding.
void FillHalves(Random& random, std::span<uint8_t> halves);
// Floats between 0.5 and 1.5: weights of norms.
void FillNorm(Random& random, std::span<uint8_t> floats);

}  // namespace bitnet

#include "kernels/hadamard/hadamard.h"

#include <cmath>

// The build sets -ffp-contract=off: a product and a sum here round one by one on every CPU.
namespace bitnet {
namespace {

// One level, whose pairs are `half` apart.
void Level(size_t block, size_t half, float* x) {
  for (size_t i = 0; i < block; i += 2 * half) {
    float* __restrict low = x + i;
    float* __restrict high = low + half;
    for (size_t j = 0; j < half; ++j) {
      const float a = low[j];
      const float b = high[j];
      low[j] = a + b;
      high[j] = a - b;
    }
  }
}

// The first two levels at once: too short for vectors on their own.
void FirstTwoLevels(size_t block, float* x) {
  for (size_t i = 0; i < block; i += 4) {
    const float sum0 = x[i] + x[i + 1], difference0 = x[i] - x[i + 1];
    const float sum1 = x[i + 2] + x[i + 3], difference1 = x[i + 2] - x[i + 3];
    x[i] = sum0 + sum1;
    x[i + 1] = difference0 + difference1;
    x[i + 2] = sum0 - sum1;
    x[i + 3] = difference0 - difference1;
  }
}

void Block(size_t block, float* x) {
  size_t half = 1;
  if (block >= 4) {
    FirstTwoLevels(block, x);
    half = 4;
  }
  for (; half < block; half *= 2) Level(block, half, x);
}

}  // namespace

void Hadamard(size_t n, size_t block, const float* signs, float* x) {
  if (signs != nullptr) {
    for (size_t i = 0; i < n; ++i) x[i] *= signs[i];
  }
  for (size_t i = 0; i < n; i += block) Block(block, x + i);
  // IEEE gives square root and division to the last bit, in double, so the float is the same everywhere.
  const auto factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(block)));
  for (size_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace bitnet

#include "engine/formats/absmean.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace bitnet {
namespace {

constexpr float kSmallestMean = 1e-5f;

}  // namespace

std::optional<float> AbsmeanInverse(const StoredMatrix& matrix, DecodeFloats* decode) {
  constexpr size_t kLanes = 8;
  float weights[kMaxChunk];
  double sums[kLanes] = {};  // In double the mean is right to the last float bit at any size.
  for (size_t row = 0; row < matrix.rows; ++row) {
    for (size_t begin = 0; begin < matrix.k; begin += kMaxChunk) {
      const size_t count = std::min(kMaxChunk, matrix.k - begin);
      decode(matrix, row, begin, count, weights);
      std::fill(weights + count, weights + kMaxChunk, 0.0f);
      for (size_t i = 0; i < kMaxChunk; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane) {
          sums[lane] += std::fabs(weights[i + lane]);
        }
      }
    }
  }
  double sum = 0;
  for (const double lane : sums) {
    sum += lane;
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(matrix.rows * matrix.k));
  if (!std::isfinite(mean)) {
    return std::nullopt;
  }
  return 1.0f / std::max(mean, kSmallestMean);
}

void AbsmeanCodes(const StoredMatrix& matrix, DecodeFloats* decode, float inverse, size_t row, size_t begin,
                  size_t count, int8_t* out) {
  assert(count <= kMaxChunk);
  float weights[kMaxChunk];
  decode(matrix, row, begin, count, weights);
  for (size_t i = 0; i < count; ++i) {
    const float x = weights[i] * inverse;
    out[i] = static_cast<int8_t>((x > 0.5f) - (x < -0.5f));  // A half rounds to 0.
  }
}

}  // namespace bitnet

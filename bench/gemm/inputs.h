// Activations for the matrix kernels, random and the same in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/models/random_bytes.h"

namespace bitnet {

// Int8 rows with sums of each group (a whole row if `group` is 0), zeros from k up to `stride`.
struct Int8Input {
  Int8Input(size_t k, size_t stride, size_t group, size_t batch);
  std::vector<int8_t> x;
  std::vector<int32_t> sums;
  std::vector<float> factors;  // One for each sum.
};

// Bit planes of trits.
struct PlaneInput {
  PlaneInput(size_t k, size_t batch);
  std::vector<uint64_t> plus, minus;
  std::vector<int32_t> nonzero;
  std::vector<float> scales;
};

std::vector<float> FloatInput(size_t k, size_t batch);

}  // namespace bitnet

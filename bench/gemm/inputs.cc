#include "bench/gemm/inputs.h"

#include <bit>

namespace bitnet {

Int8Input::Int8Input(size_t k, size_t stride, size_t group, size_t batch)
    : x(batch * stride), sums(batch * (group == 0 ? 1 : k / group)), factors(sums.size(), 0.01f) {
  Random random(k + batch);
  const size_t per_row = sums.size() / batch;
  const size_t length = k / per_row;
  for (size_t b = 0; b < batch; ++b) {
    for (size_t i = 0; i < k; ++i) {
      const auto value = static_cast<int8_t>(random.Next() % 255 - 127);
      x[b * stride + i] = value;
      sums[b * per_row + i / length] += value;
    }
  }
}

PlaneInput::PlaneInput(size_t k, size_t batch)
    : plus(batch * k / 64), minus(plus.size()), nonzero(batch), scales(batch, 0.5f) {
  Random random(k + batch);
  for (size_t i = 0; i < plus.size(); ++i) {
    plus[i] = random.Next();
    minus[i] = random.Next() & ~plus[i];
    nonzero[i / (k / 64)] += std::popcount(plus[i] | minus[i]);
  }
}

std::vector<float> FloatInput(size_t k, size_t batch) {
  Random random(k + batch);
  std::vector<float> x(k * batch);
  for (float& value : x) {
    value = static_cast<float>(static_cast<int64_t>(random.Next() >> 40)) * 0x1p-23f - 1;  // In [-1, 1).
  }
  return x;
}

}  // namespace bitnet

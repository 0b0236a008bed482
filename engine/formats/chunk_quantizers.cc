// ggml's reference quantisers of the types with codes: floats become codes and a scale that is rounded to
// half precision only afterwards.
#include <algorithm>
#include <cmath>

#include "engine/formats/format.h"

namespace bitnet {

// The largest value becomes 1 or -1, and halves are rounded away from zero.
float QuantizeByLargest(const float* in, size_t count, int8_t* codes) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(in[i]));
  }
  const float inverse = 1.0f / largest;
  for (size_t i = 0; i < count; ++i) {
    codes[i] = std::isfinite(inverse) ? static_cast<int8_t>(std::round(in[i] * inverse)) : int8_t{0};
  }
  return largest;
}

// Signs, and the mean of the absolute values.
float QuantizeBySign(const float* in, size_t count, int8_t* codes) {
  float sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += std::fabs(in[i]);
    codes[i] = in[i] >= 0 ? 1 : -1;
  }
  return sum / static_cast<float>(count);
}

}  // namespace bitnet

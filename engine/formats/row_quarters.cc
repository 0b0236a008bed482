// Hugging Face's packed BitNet weights: the four quarters of the rows lie over each other (model_file.h).
#include "engine/formats/format.h"

namespace bitnet {

bool DecodeHfTernary(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                     float* scale) {
  const size_t quarter = matrix.rows / 4;
  const uint8_t* in = matrix.data + row % quarter * matrix.k + begin;
  const size_t shift = 2 * (row / quarter);
  int worst = 0;
  for (size_t j = 0; j < count; ++j) {
    const int code = in[j] >> shift & 3;
    worst = code > worst ? code : worst;
    out[j] = static_cast<int8_t>(code - 1);
  }
  *scale = matrix.scale;
  return worst < 3;
}

}  // namespace bitnet

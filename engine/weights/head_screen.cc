#include "engine/weights/head_screen.h"

#include <atomic>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "engine/formats/row_decoder.h"
#include "engine/weights/half.h"
#include "engine/weights/packed_format.h"

namespace bitnet {
namespace {

double FloatAt(const Matrix& head, size_t i) {
  if (head.layout == MatrixLayout::kFloat32) {
    float value;
    std::memcpy(&value, head.codes + i * sizeof(value), sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, head.codes + i * sizeof(bits), sizeof(bits));
  return head.layout == MatrixLayout::kFloat16 ? HalfToFloat(bits)
                                               : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// The root of a sum of squares whose roundings are far below one of float's.
float RoundedUp(double sum_of_squares) {
  return std::nextafter(static_cast<float>(std::sqrt(sum_of_squares)),
                        std::numeric_limits<float>::infinity());
}

}  // namespace

absl::StatusOr<HeadScreen> MeasureScreen(const Matrix& head, const Matrix& copy, ThreadPool& pool) {
  assert(copy.layout == MatrixLayout::kInt6 && head.rows == copy.rows && head.k == copy.k &&
         head.scale == 1 && copy.scale == 1);
  const ModelTensor tensor = {
      .name = "the head's copy",
      .type = GgmlType::kPackedInt6,
      .dims = {copy.k, copy.rows},
      .data = {copy.codes, PackedBytes(GgmlType::kPackedInt6, copy.rows, copy.k, copy.group)}};
  ASSIGN_OR_RETURN(const RowDecoder decoder, RowDecoder::Create(tensor));
  HeadScreen screen = {
      .copy = copy, .errors = AlignedBuffer<float>(copy.rows), .norms = AlignedBuffer<float>(copy.rows)};
  std::atomic<bool> valid = true;
  pool.ParallelFor(copy.rows, [&](size_t begin, size_t end) {
    std::vector<float> row(copy.k);
    for (size_t r = begin; r < end; ++r) {
      if (!decoder.Floats(r, row.data())) {
        valid = false;
      }
      double error = 0;
      double norm = 0;
      for (size_t i = 0; i < copy.k; ++i) {
        const double copied = row[i];
        const double difference = FloatAt(head, r * copy.k + i) - copied;
        error += difference * difference;
        norm += copied * copied;
      }
      screen.errors[r] = RoundedUp(error);
      screen.norms[r] = RoundedUp(norm);
    }
  });
  if (!valid) {
    return absl::DataLossError("output.weight holds a value that is not finite, or no weight");
  }
  return screen;
}

}  // namespace bitnet

#include "engine/weights/head_screen.h"

#include <atomic>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/ggml_type.h"

namespace bitnet {
namespace {

GgmlType TypeOf(MatrixLayout layout) {
  switch (layout) {
    case MatrixLayout::kFloat32:
      return GgmlType::kF32;
    case MatrixLayout::kBFloat16:
      return GgmlType::kBF16;
    case MatrixLayout::kInt6:
      return GgmlType::kPackedInt6;
    default:
      return GgmlType::kF16;
  }
}

// As it would stand in a file.
ModelTensor TensorOf(const Matrix& matrix) {
  const GgmlType type = TypeOf(matrix.layout);
  return {
      .name = "output.weight",
      .type = type,
      .dims = {matrix.k, matrix.rows},
      .data = std::span(matrix.codes, static_cast<size_t>(*GgmlTensorBytes(type, matrix.rows, matrix.k)))};
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
  const ModelTensor head_tensor = TensorOf(head);
  const ModelTensor copy_tensor = TensorOf(copy);
  ASSIGN_OR_RETURN(const RowDecoder head_rows, RowDecoder::Create(head_tensor));
  ASSIGN_OR_RETURN(const RowDecoder copy_rows, RowDecoder::Create(copy_tensor));
  HeadScreen screen = {
      .copy = copy, .errors = AlignedBuffer<float>(copy.rows), .norms = AlignedBuffer<float>(copy.rows)};
  std::atomic<bool> valid = true;
  pool.ParallelFor(copy.rows, [&](size_t begin, size_t end) {
    std::vector<float> row(copy.k);
    std::vector<float> copied(copy.k);
    for (size_t r = begin; r < end; ++r) {
      if (!head_rows.Floats(r, row.data()) || !copy_rows.Floats(r, copied.data())) {
        valid = false;
      }
      double error = 0;
      double norm = 0;
      for (size_t i = 0; i < copy.k; ++i) {
        const double difference = static_cast<double>(row[i]) - copied[i];
        error += difference * difference;
        norm += static_cast<double>(copied[i]) * copied[i];
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

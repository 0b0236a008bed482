#include "engine/weights/sparse_weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/ggml_type.h"
#include "engine/weights/model_weights.h"
#include "engine/weights/packed_format.h"
#include "kernels/column_gemv/column_gemv.h"
#include "kernels/row_gemv/row_gemv.h"

namespace bitnet {
namespace {

GgmlType TypeOf(const Matrix& matrix) {
  return matrix.layout == MatrixLayout::kTernaryBase3 ? GgmlType::kPackedBase3 : GgmlType::kPacked2Bit;
}

bool IsTernary(const Linear& linear) {
  return (linear.matrix.layout == MatrixLayout::kTernary2Bit ||
          linear.matrix.layout == MatrixLayout::kTernaryBase3) &&
         linear.matrix.activations == ActivationFormat::kInt8Token;
}

bool CanCopy(const ModelConfig& config, const LayerWeights& layer) {
  return config.ffn_activation == FfnActivation::kSquaredRelu && config.hidden_dim % kRowBlockK == 0 &&
         IsTernary(layer.up) && IsTernary(layer.down) && layer.up.input_norm == layer.gate.input_norm &&
         layer.up.hadamard_block == layer.gate.hadamard_block;
}

// Rows of a matrix that is packed already, one after the other.
class CodeReader {
 public:
  static absl::StatusOr<CodeReader> Create(const Matrix& matrix) {
    const GgmlType type = TypeOf(matrix);
    const ModelTensor tensor = {
        .name = "feed-forward",
        .type = type,
        .dims = {matrix.k, matrix.rows},
        .data = std::span(matrix.codes, static_cast<size_t>(PackedBytes(type, matrix.rows, matrix.k, 0)))};
    ASSIGN_OR_RETURN(RowDecoder decoder, RowDecoder::Create(tensor));
    return CodeReader(std::move(decoder));
  }

  size_t rows() const { return decoder_.rows(); }
  size_t k() const { return decoder_.k(); }
  bool Read(size_t row, int8_t* codes) const {
    float scale;  // One group: the whole row.
    return decoder_.Codes(row, codes, &scale);
  }

 private:
  explicit CodeReader(RowDecoder decoder) : decoder_(std::move(decoder)) {}
  RowDecoder decoder_;
};

bool CopyRows(const CodeReader& matrix, ThreadPool& pool, uint8_t* out) {
  std::atomic<bool> valid = true;
  pool.ParallelFor(matrix.rows(), [&](size_t begin, size_t end) {
    std::vector<int8_t> codes(matrix.k());
    for (size_t row = begin; row < end; ++row) {
      if (!matrix.Read(row, codes.data())) valid = false;
      PackRow(matrix.k(), codes.data(), out + row * PackedRowBytes(matrix.k()));
    }
  });
  return valid;
}

// Down all rows of a block at once, which become 32 bytes of every column.
bool CopyColumns(const CodeReader& matrix, ThreadPool& pool, uint8_t* out) {
  const size_t k = matrix.k();
  const size_t column_bytes = PackedColumnBytes(matrix.rows());
  std::atomic<bool> valid = true;
  pool.ParallelFor(matrix.rows() / kColumnBlockRows, [&](size_t begin, size_t end) {
    std::vector<int8_t> rows(kColumnBlockRows * k);
    int8_t column[kColumnBlockRows];
    for (size_t block = begin; block < end; ++block) {
      for (size_t r = 0; r < kColumnBlockRows; ++r) {
        if (!matrix.Read(block * kColumnBlockRows + r, rows.data() + r * k)) valid = false;
      }
      uint8_t* at = out + PackedColumnBytes(block * kColumnBlockRows);
      for (size_t j = 0; j < k; ++j, at += column_bytes) {
        for (size_t r = 0; r < kColumnBlockRows; ++r) column[r] = rows[r * k + j];
        PackRow(kColumnBlockRows, column, at);
      }
    }
  });
  return valid;
}

}  // namespace

absl::StatusOr<SparseWeights> CopySparse(const ModelConfig& config, const std::vector<LayerWeights>& layers,
                                         ThreadPool& pool) {
  const size_t matrix_bytes = config.ffn_dim * PackedRowBytes(config.hidden_dim);
  const auto count = static_cast<size_t>(
      std::ranges::count_if(layers, [&](const LayerWeights& layer) { return CanCopy(config, layer); }));
  SparseWeights sparse = {.layers = std::vector<SparseLayer>(layers.size()),
                          .codes = AlignedBuffer<uint8_t>(2 * matrix_bytes * count)};
  uint8_t* memory = sparse.codes.data();
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!CanCopy(config, layers[i])) {
      continue;
    }
    ASSIGN_OR_RETURN(const CodeReader up, CodeReader::Create(layers[i].up.matrix));
    ASSIGN_OR_RETURN(const CodeReader down, CodeReader::Create(layers[i].down.matrix));
    if (!CopyRows(up, pool, memory) || !CopyColumns(down, pool, memory + matrix_bytes)) {
      return absl::DataLossError("a feed-forward matrix holds a code that stands for no weight");
    }
    sparse.layers[i] = {.up_rows = memory, .down_columns = memory + matrix_bytes};
    memory += 2 * matrix_bytes;
  }
  return sparse;
}

}  // namespace bitnet

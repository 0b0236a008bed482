// The rows of a stored matrix as numbers, whatever type stores them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct Format;
struct StoredMatrix;

// Which arrangement of an I2_S tensor's codes a file has: nothing in it tells.
enum class I2sLayout {
  k128x32,  // Blocks of 128 weights in 32 bytes: the official files, and every x86 writer.
  k64x16,   // Blocks of 64 in 16 bytes: what bitnet.cpp's build for ARM reads and writes since November 2025.
  k1x4Rows,  // Four rows share a byte, the first in the top bits: bitnet.cpp's weight-parallel build.
};

// The weights that a type's codes stand for, before any scale.
enum class CodeRange {
  kNone,        // No codes: the type holds floats, or more than two bits a weight.
  kBinary,      // -1, +1
  kTernary,     // -1, 0, +1
  kQuaternary,  // -1, 0, +1, +2
};

// Decodes one matrix (or vector: one row). Rows and columns are those of a GGUF file, whatever order the
// bytes have. Immutable after creation; its methods may be called concurrently.
class RowDecoder {
 public:
  // `tensor` is borrowed and outlives this. UNIMPLEMENTED: a type that is not read, or rows that its blocks
  // do not divide; DATA_LOSS: the data has another size than type and shape need. Both name the tensor. Takes
  // a pass over all weights where these are to be quantised by their mean.
  static absl::StatusOr<RowDecoder> Create(const ModelTensor& tensor, I2sLayout i2s = I2sLayout::k128x32);

  size_t rows() const { return rows_; }
  size_t k() const { return k_; }
  CodeRange codes() const { return codes_; }
  // Neighbours of a row that share a scale: k() if the whole row does. Meaningless without codes.
  size_t group_weights() const { return group_weights_; }
  // One scale for all rows, known from the format and not merely found to be equal.
  bool has_tensor_scale() const { return has_tensor_scale_; }

  // Writes k() floats: code times scale in one rounding, or what the format's definition gives. False if one
  // is not finite or a code stands for nothing.
  bool Floats(size_t row, float* out) const;
  // Writes k() codes, as CodeRange lists them, and k() / group_weights() scales. False as above; codes() !=
  // kNone.
  bool Codes(size_t row, int8_t* codes, float* scales) const;

 private:
  absl::Status QuantizeAbsmean(const ModelTensor& tensor);
  StoredMatrix matrix() const;
  size_t StoredRow(size_t row) const;

  size_t rows_ = 0;
  size_t k_ = 0;
  CodeRange codes_ = CodeRange::kNone;
  size_t group_weights_ = 0;
  bool has_tensor_scale_ = false;

  const Format* format_ = nullptr;
  const uint8_t* data_ = nullptr;  // Borrowed from the tensor.
  float scale_ = 1;                // Of all weights, where has_tensor_scale_.
  float absmean_inverse_ = 0;      // Not 0: floats are made ternary, by multiplying with this and rounding.
  size_t head_rows_ = 0;           // Not 0: heads of so many rows are stored in Hugging Face's order.
};

}  // namespace bitnet

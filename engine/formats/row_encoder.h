// The reverse of RowDecoder: a matrix as the bytes of a tensor of another type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct Format;
struct RowCodes;
struct WritableMatrix;

// How far the written weights are from those that were to be written.
struct EncodeError {
  double largest = 0;
  double sum_of_squares = 0;         // Of the differences,
  double source_sum_of_squares = 0;  // and of the weights.
  uint64_t num_weights = 0;

  void Add(const EncodeError& other);
  double rms() const;
};

// Codes go into a type with codes as they are, and their scales if the type has them for as many weights;
// rounding these to half precision is all that may be lost. Floats go into float types rounded, into blocks
// as ggml's reference quantisers make them, and into a type with codes and float scales only where all are 0
// or
// +-s. Immutable after creation.
class RowEncoder {
 public:
  // `source` is borrowed and outlives this; `name` is the tensor's, for messages. UNIMPLEMENTED: a type that
  // is not written. INVALID_ARGUMENT: the type cannot hold such rows or such codes. DATA_LOSS: the source
  // holds something that is no weight. Takes a pass over the source where `to` has one scale for all weights
  // and the source does not say it has.
  static absl::StatusOr<RowEncoder> Create(const RowDecoder& source, GgmlType to, std::string_view name);

  // The size of the whole tensor.
  uint64_t bytes() const { return bytes_; }

  // Writes rows [begin, end) to their places in `tensor`, bytes() long, and adds to `error`. INVALID_ARGUMENT
  // says which weight or scale the type cannot hold; DATA_LOSS as above. Safe to call concurrently for
  // disjoint rows with an `error` for each.
  absl::Status EncodeRows(size_t begin, size_t end, std::span<uint8_t> tensor, EncodeError& error) const;

  // Writes the bytes of `tensor` that are no row's.
  void Finish(std::span<uint8_t> tensor) const;

 private:
  struct Buffers;

  RowEncoder(const RowDecoder& source, const Format& format, std::string name);
  absl::Status CannotHold(const std::string& what) const;
  absl::Status Explain(const absl::Status& row_status) const;
  absl::Status FindTensorScale();
  absl::Status EncodeRow(size_t row, const WritableMatrix& out, Buffers& buffers, EncodeError& error) const;
  absl::Status EncodeCodesOf(size_t row, const WritableMatrix& out, RowCodes& buffers) const;

  const RowDecoder* source_;
  const Format* format_;
  std::string name_;
  uint64_t bytes_ = 0;
  float tensor_scale_ = 0;  // Where the type has one.
};

struct EncodedTensor {
  std::vector<uint8_t> bytes;
  EncodeError error;
};

// All of it, on this thread.
absl::StatusOr<EncodedTensor> EncodeTensor(const RowDecoder& source, GgmlType to, std::string_view name);

}  // namespace bitnet

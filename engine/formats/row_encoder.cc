#include "engine/formats/row_encoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/formats/code_rows.h"
#include "engine/formats/float_round.h"
#include "engine/formats/format.h"
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/half.h"

namespace bitnet {
namespace {

std::string TypeName(GgmlType type) { return std::string(GgmlTypeName(type)); }

bool AllZero(std::span<const int8_t> codes) {
  return std::ranges::all_of(codes, [](int code) { return code == 0; });
}

}  // namespace

void EncodeError::Add(const EncodeError& other) {
  largest = std::max(largest, other.largest);
  sum_of_squares += other.sum_of_squares;
  source_sum_of_squares += other.source_sum_of_squares;
  num_weights += other.num_weights;
}

double EncodeError::rms() const {
  return num_weights == 0 ? 0 : std::sqrt(sum_of_squares / static_cast<double>(num_weights));
}

struct RowEncoder::Buffers {
  RowCodes codes;
  std::vector<float> wanted;   // [k]
  std::vector<float> written;  // [k]
};

RowEncoder::RowEncoder(const RowDecoder& source, const Format& format, std::string name)
    : source_(&source), format_(&format), name_(std::move(name)) {}

absl::Status RowEncoder::CannotHold(const std::string& what) const {
  return absl::InvalidArgumentError(absl::StrFormat("tensor %s cannot be written as %s: %s", QuoteName(name_),
                                                    TypeName(format_->type), what));
}

absl::StatusOr<RowEncoder> RowEncoder::Create(const RowDecoder& source, GgmlType to, std::string_view name) {
  const Format* format = FindFormat(to, I2sLayout::k128x32);
  if (format == nullptr || (format->encode_codes == nullptr && format->encode_floats == nullptr)) {
    return absl::UnimplementedError(
        absl::StrFormat("tensor %s: type %s is not written", QuoteName(name), TypeName(to)));
  }
  RowEncoder encoder(source, *format, std::string(name));
  const GgmlDivisors divisors = FindGgmlDivisors(to).value();
  const uint64_t k_multiple = std::max<uint64_t>(divisors.k, format->k_multiple);
  if (source.k() % k_multiple != 0) {
    return encoder.CannotHold(
        absl::StrFormat("its rows have %d weights, not a multiple of %d", source.k(), k_multiple));
  }
  encoder.bytes_ = GgmlTensorBytes(to, source.rows(), source.k()).value();
  if (format->tensor_scale) {
    RETURN_IF_ERROR(encoder.FindTensorScale());
  }
  return encoder;
}

absl::Status RowEncoder::Explain(const absl::Status& row_status) const {
  if (absl::IsInvalidArgument(row_status)) {
    return CannotHold(std::string(row_status.message()));
  }
  return absl::Status(row_status.code(),
                      absl::StrCat("tensor ", QuoteName(name_), ": ", row_status.message()));
}

absl::Status RowEncoder::FindTensorScale() {
  RowCodes row_codes;
  std::optional<float> common;
  const size_t rows = source_->has_tensor_scale() ? 1 : source_->rows();
  for (size_t row = 0; row < rows; ++row) {
    if (absl::Status status = ReadAsCodes(*source_, *format_, row, row_codes); !status.ok()) {
      return Explain(status);
    }
    tensor_scale_ = row == 0 ? row_codes.scales[0] : tensor_scale_;
    if (AllZero(row_codes.codes)) {
      continue;
    }
    if (common.value_or(row_codes.scales[0]) != row_codes.scales[0]) {
      return CannotHold(
          absl::StrFormat("it has one scale for all weights, and there are %g and, in row %d, %g", *common,
                          row, row_codes.scales[0]));
    }
    common = row_codes.scales[0];
  }
  tensor_scale_ = common.value_or(tensor_scale_);
  return absl::OkStatus();
}

absl::Status RowEncoder::EncodeCodesOf(size_t row, const WritableMatrix& out, RowCodes& buffers) const {
  RETURN_IF_ERROR(ReadAsCodes(*source_, *format_, row, buffers));
  if (format_->tensor_scale && buffers.scales[0] != tensor_scale_ && !AllZero(buffers.codes)) {
    return absl::InternalError(absl::StrFormat("row %d had another scale before", row));
  }
  const size_t group = GroupWeights(*format_, out.k);
  for (size_t begin = 0; begin < out.k; begin += format_->chunk) {
    const float scale = buffers.scales[begin / group];
    if (format_->half_scale) {
      const float half = HalfToFloat(FloatToHalf(scale));
      // A float quantiser's scale may vanish, and its tiny weights with it; one that belongs to codes may
      // not.
      const bool vanishes = half == 0 && scale != 0 && source_->codes() != CodeRange::kNone;
      if (!std::isfinite(half) || vanishes) {
        return absl::InvalidArgumentError(
            absl::StrFormat("row %d has the scale %g, which is beyond half precision", row, scale));
      }
    }
    format_->encode_codes(out, row, begin, &buffers.codes[begin], scale);
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::EncodeRow(size_t row, const WritableMatrix& out, Buffers& buffers,
                                   EncodeError& error) const {
  if (!source_->Floats(row, buffers.wanted.data())) {
    return absl::DataLossError(absl::StrFormat("row %d holds something that is no weight", row));
  }
  if (format_->codes != CodeRange::kNone) {
    RETURN_IF_ERROR(EncodeCodesOf(row, out, buffers.codes));
  } else {
    format_->encode_floats(out, row, 0, out.k, buffers.wanted.data());
  }
  const StoredMatrix stored = {.data = out.data, .rows = out.rows, .k = out.k, .scale = tensor_scale_};
  if (!DecodeRow(*format_, stored, row, buffers.written.data())) {
    return absl::InvalidArgumentError(absl::StrFormat("row %d holds a weight too large for it", row));
  }
  for (size_t i = 0; i < out.k; ++i) {
    const double weight = buffers.wanted[i];
    const double difference = buffers.written[i] - weight;
    error.largest = std::max(error.largest, std::fabs(difference));
    error.sum_of_squares += difference * difference;
    error.source_sum_of_squares += weight * weight;
  }
  error.num_weights += out.k;
  return absl::OkStatus();
}

absl::Status RowEncoder::EncodeRows(size_t begin, size_t end, std::span<uint8_t> tensor,
                                    EncodeError& error) const {
  assert(begin <= end && end <= source_->rows() && tensor.size() == bytes_);
  const size_t k = source_->k();
  const WritableMatrix out = {.data = tensor.data(), .rows = source_->rows(), .k = k};
  Buffers buffers = {.codes = {}, .wanted = std::vector<float>(k), .written = std::vector<float>(k)};
  for (size_t row = begin; row < end; ++row) {
    if (absl::Status status = EncodeRow(row, out, buffers, error); !status.ok()) {
      return Explain(status);
    }
  }
  return absl::OkStatus();
}

void RowEncoder::Finish(std::span<uint8_t> tensor) const {
  assert(tensor.size() == bytes_);
  if (format_->finish != nullptr) {
    format_->finish({.data = tensor.data(), .rows = source_->rows(), .k = source_->k()}, tensor_scale_);
  }
}

absl::StatusOr<EncodedTensor> EncodeTensor(const RowDecoder& source, GgmlType to, std::string_view name) {
  ASSIGN_OR_RETURN(const RowEncoder encoder, RowEncoder::Create(source, to, name));
  EncodedTensor encoded = {.bytes = std::vector<uint8_t>(encoder.bytes()), .error = {}};
  RETURN_IF_ERROR(encoder.EncodeRows(0, source.rows(), encoded.bytes, encoded.error));
  encoder.Finish(encoded.bytes);
  return encoded;
}

}  // namespace bitnet

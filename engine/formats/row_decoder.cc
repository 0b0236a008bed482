#include "engine/formats/row_decoder.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/formats/absmean.h"
#include "engine/formats/block_bytes.h"
#include "engine/formats/check_tensor.h"
#include "engine/formats/format.h"
#include "engine/model/packed_footer.h"

namespace bitnet {
namespace {

void Scale(const int8_t* codes, size_t count, float scale, float* out) {
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(codes[i]) * scale;
  }
}

bool AllFinite(const float* values, size_t count) {
  // Without a branch per value, so that it is as fast as reading them.
  uint32_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    bad |= (std::bit_cast<uint32_t>(values[i]) & 0x7f800000) == 0x7f800000 ? 1 : 0;
  }
  return bad == 0;
}

}  // namespace

absl::StatusOr<RowDecoder> RowDecoder::Create(const ModelTensor& tensor, I2sLayout i2s) {
  const Format* format = FindFormat(tensor.type, i2s);
  if (format == nullptr) {
    return absl::UnimplementedError(
        absl::StrFormat("%s (%d) is not read", DescribeTensor(tensor), static_cast<uint32_t>(tensor.type)));
  }
  RETURN_IF_ERROR(CheckTensor(tensor, *format));

  RowDecoder decoder;
  decoder.k_ = tensor.dims[0];
  decoder.rows_ = tensor.num_elements() / decoder.k_;
  decoder.codes_ = format->codes;
  decoder.group_weights_ = format->group_weights != 0 ? format->group_weights : decoder.k_;
  decoder.has_tensor_scale_ = format->tensor_scale;
  decoder.format_ = format;
  decoder.data_ = tensor.data.data();
  decoder.head_rows_ = tensor.rope_heads == 0 ? 0 : decoder.rows_ / tensor.rope_heads;
  if (HasPackedFooter(tensor.type)) {
    const PackedFooter footer = ReadPackedFooter(tensor.data);
    decoder.scale_ = footer.scale;
    decoder.group_weights_ = footer.group != 0 ? footer.group : decoder.k_;
  } else if (tensor.type == GgmlType::kI2S) {
    decoder.scale_ = LoadFloat(decoder.data_ + tensor.num_elements() / 4);
  } else if (tensor.type == GgmlType::kHfTernary) {
    decoder.scale_ = tensor.scale;
  }
  if (tensor.quantize_absmean) {
    RETURN_IF_ERROR(decoder.QuantizeAbsmean(tensor));
  }
  return decoder;
}

absl::Status RowDecoder::QuantizeAbsmean(const ModelTensor& tensor) {
  const std::optional<float> inverse = AbsmeanInverse(matrix(), format_->decode_floats);
  if (!inverse.has_value()) {
    return absl::DataLossError(absl::StrCat(DescribeTensor(tensor), " holds a value that is not finite"));
  }
  absmean_inverse_ = *inverse;
  scale_ = 1.0f / *inverse;
  codes_ = CodeRange::kTernary;
  group_weights_ = k_;
  has_tensor_scale_ = true;
  return absl::OkStatus();
}

StoredMatrix RowDecoder::matrix() const {
  return {.data = data_, .rows = rows_, .k = k_, .scale = scale_, .group = group_weights_};
}

size_t RowDecoder::StoredRow(size_t row) const {
  assert(row < rows_);
  if (head_rows_ == 0) {
    return row;
  }
  const size_t in_head = row % head_rows_;
  return row - in_head + in_head % 2 * (head_rows_ / 2) + in_head / 2;
}

bool DecodeRow(const Format& format, const StoredMatrix& matrix, size_t row, float* out) {
  if (format.codes == CodeRange::kNone) {
    format.decode_floats(matrix, row, 0, matrix.k, out);
    return AllFinite(out, matrix.k);
  }
  int8_t codes[kMaxChunk];
  bool valid = true;
  for (size_t begin = 0; begin < matrix.k; begin += format.chunk) {
    const size_t count = std::min(format.chunk, matrix.k - begin);
    float scale;
    valid &= format.decode_codes(matrix, row, begin, count, codes, &scale) && std::isfinite(scale);
    Scale(codes, count, scale, out + begin);
  }
  return valid;
}

bool RowDecoder::Floats(size_t row, float* out) const {
  const size_t stored_row = StoredRow(row);
  if (absmean_inverse_ == 0) {
    return DecodeRow(*format_, matrix(), stored_row, out);
  }
  int8_t codes[kMaxChunk];
  for (size_t begin = 0; begin < k_; begin += kMaxChunk) {
    const size_t count = std::min(kMaxChunk, k_ - begin);
    AbsmeanCodes(matrix(), format_->decode_floats, absmean_inverse_, stored_row, begin, count, codes);
    Scale(codes, count, scale_, out + begin);
  }
  return true;
}

bool RowDecoder::Codes(size_t row, int8_t* codes, float* scales) const {
  assert(codes_ != CodeRange::kNone);
  const size_t stored_row = StoredRow(row);
  const size_t chunk = absmean_inverse_ != 0 ? kMaxChunk : format_->chunk;
  bool valid = true;
  for (size_t begin = 0; begin < k_; begin += chunk) {
    const size_t count = std::min(chunk, k_ - begin);
    float* scale = &scales[begin / group_weights_];
    if (absmean_inverse_ != 0) {
      AbsmeanCodes(matrix(), format_->decode_floats, absmean_inverse_, stored_row, begin, count,
                   codes + begin);
      *scale = scale_;
    } else {
      valid &= format_->decode_codes(matrix(), stored_row, begin, count, codes + begin, scale) &&
               std::isfinite(*scale);
    }
  }
  return valid;
}

}  // namespace bitnet

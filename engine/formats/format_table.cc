#include <algorithm>
#include <iterator>

#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr CodeRange kBinary = CodeRange::kBinary;
constexpr CodeRange kTernary = CodeRange::kTernary;
constexpr CodeRange kQuaternary = CodeRange::kQuaternary;

constexpr Format kFormats[] = {
    {.type = GgmlType::kF32, .decode_floats = DecodeF32, .encode_floats = EncodeF32},
    {.type = GgmlType::kF16, .decode_floats = DecodeF16, .encode_floats = EncodeF16},
    {.type = GgmlType::kBF16, .decode_floats = DecodeBF16, .encode_floats = EncodeBF16},
    {.type = GgmlType::kQ4_0, .decode_floats = DecodeQ4_0, .encode_floats = EncodeQ4_0},
    {.type = GgmlType::kQ8_0, .decode_floats = DecodeQ8_0, .encode_floats = EncodeQ8_0},
    {.type = GgmlType::kQ4K, .decode_floats = DecodeQ4K},
    {.type = GgmlType::kQ5K, .decode_floats = DecodeQ5K},
    {.type = GgmlType::kQ6K, .decode_floats = DecodeQ6K, .encode_floats = EncodeQ6K},
    {.type = GgmlType::kPackedInt6,
     .decode_floats = DecodeInt6,
     .encode_floats = EncodeInt6,
     .finish = FinishInt6},
    {.type = GgmlType::kTQ1_0,
     .codes = kTernary,
     .chunk = 256,
     .group_weights = 256,
     .decode_codes = DecodeTQ1_0,
     .encode_codes = EncodeTQ1_0,
     .quantize = QuantizeByLargest,
     .half_scale = true},
    {.type = GgmlType::kTQ2_0,
     .codes = kTernary,
     .chunk = 256,
     .group_weights = 256,
     .decode_codes = DecodeTQ2_0,
     .encode_codes = EncodeTQ2_0,
     .quantize = QuantizeByLargest,
     .half_scale = true},
    {.type = GgmlType::kQ1_0,
     .codes = kBinary,
     .chunk = 128,
     .group_weights = 128,
     .decode_codes = DecodeQ1_0,
     .encode_codes = EncodeQ1_0,
     .quantize = QuantizeBySign,
     .half_scale = true},
    {.type = GgmlType::kQ2_0,
     .codes = kQuaternary,
     .chunk = 64,
     .group_weights = 64,
     .decode_codes = DecodeQ2_0,
     .encode_codes = EncodeQ2_0,
     .quantize = QuantizeByLargest,
     .half_scale = true},
    {.type = GgmlType::kPQ2_0,
     .codes = kQuaternary,
     .chunk = 128,
     .group_weights = 128,
     .decode_codes = DecodePQ2_0,
     .encode_codes = EncodePQ2_0,
     .quantize = QuantizeByLargest,
     .half_scale = true},
    {.type = GgmlType::kIQ1BN, .codes = kTernary, .chunk = 64, .decode_codes = DecodeIQ1BN},
    {.type = GgmlType::kIQ2BN, .codes = kTernary, .chunk = 64, .decode_codes = DecodeIQ2BN},
    {.type = GgmlType::kQ1K,
     .codes = kBinary,
     .chunk = 64,
     .decode_codes = DecodeQ1K,
     .encode_codes = EncodeQ1K,
     .finish = FinishQ1K},
    {.type = GgmlType::kHfTernary,
     .codes = kTernary,
     .chunk = 256,
     .tensor_scale = true,
     .decode_codes = DecodeHfTernary},
    {.type = GgmlType::kPacked2Bit,
     .codes = kTernary,
     .chunk = 256,
     .tensor_scale = true,
     .decode_codes = DecodePacked2Bit},
    {.type = GgmlType::kPackedBase3,
     .codes = kTernary,
     .chunk = 240,
     .tensor_scale = true,
     .decode_codes = DecodePackedBase3},
    // Their groups are multiples of a chunk; how many, the tensor says.
    {.type = GgmlType::kPackedGrouped1Bit,
     .codes = kBinary,
     .chunk = 32,
     .decode_codes = DecodePackedGrouped1Bit},
    {.type = GgmlType::kPackedGrouped2Bit,
     .codes = kQuaternary,
     .chunk = 16,
     .decode_codes = DecodePackedGrouped2Bit},
};

// By I2sLayout.
constexpr Format kI2sFormats[] = {
    {.type = GgmlType::kI2S,
     .codes = kTernary,
     .chunk = 128,
     .tensor_scale = true,
     .k_multiple = 128,
     .decode_codes = DecodeI2s128,
     .encode_codes = EncodeI2s128,
     .finish = FinishI2s},
    {.type = GgmlType::kI2S,
     .codes = kTernary,
     .chunk = 64,
     .tensor_scale = true,
     .k_multiple = 64,
     .decode_codes = DecodeI2s64},
    {.type = GgmlType::kI2S,
     .codes = kTernary,
     .chunk = 256,
     .tensor_scale = true,
     .rows_multiple = 4,
     .decode_codes = DecodeI2s4Rows},
};

}  // namespace

const Format* FindFormat(GgmlType type, I2sLayout i2s) {
  if (type == GgmlType::kI2S) {
    return &kI2sFormats[static_cast<size_t>(i2s)];
  }
  const auto* found = std::ranges::find(kFormats, type, &Format::type);
  return found != std::end(kFormats) ? found : nullptr;
}

}  // namespace bitnet

#include "engine/model/ggml_type.h"

#include <algorithm>
#include <iterator>

namespace bitnet {
namespace {

// By their numbers in ggml.h. 36 to 38 are those of Microsoft's fork, whose files they occur in.
constexpr std::string_view kNames[] = {"F32",
                                       "F16",
                                       "Q4_0",
                                       "Q4_1",
                                       "type 4 (removed)",
                                       "type 5 (removed)",
                                       "Q5_0",
                                       "Q5_1",
                                       "Q8_0",
                                       "Q8_1",
                                       "Q2_K",
                                       "Q3_K",
                                       "Q4_K",
                                       "Q5_K",
                                       "Q6_K",
                                       "Q8_K",
                                       "IQ2_XXS",
                                       "IQ2_XS",
                                       "IQ3_XXS",
                                       "IQ1_S",
                                       "IQ4_NL",
                                       "IQ3_S",
                                       "IQ2_S",
                                       "IQ4_XS",
                                       "I8",
                                       "I16",
                                       "I32",
                                       "I64",
                                       "F64",
                                       "IQ1_M",
                                       "BF16",
                                       "type 31 (removed)",
                                       "type 32 (removed)",
                                       "type 33 (removed)",
                                       "TQ1_0",
                                       "TQ2_0",
                                       "I2_S",
                                       "I8_S",
                                       "TL1",
                                       "MXFP4",
                                       "NVFP4",
                                       "Q1_0",
                                       "Q2_0"};

struct HighName {
  GgmlType type;
  std::string_view name;
};
constexpr HighName kHighNames[] = {
    {GgmlType::kIQ1BN, "IQ1_BN"},
    {GgmlType::kIQ2BN, "IQ2_BN"},
    {GgmlType::kPQ2_0, "PQ2_0"},
    {static_cast<GgmlType>(143), "PTQ1_0"},
    {GgmlType::kQ1K, "Q1_K"},
    {GgmlType::kPacked2Bit, "2-bit packed"},
    {GgmlType::kPackedBase3, "base-3 packed"},
    {GgmlType::kPackedGrouped1Bit, "grouped 1-bit packed"},
    {GgmlType::kPackedGrouped2Bit, "grouped 2-bit packed"},
    {GgmlType::kPackedInt6, "6-bit packed"},
    {GgmlType::kHfTernary, "Hugging Face ternary"},
    {GgmlType::kTL2, "TL2"},
    {GgmlType::kQ1_0G32, "Q1_0 in groups of 32 (an early PrismML type)"},
};

constexpr GgmlRowType kRowTypes[] = {
    {GgmlType::kF32, 1, 4},        {GgmlType::kF16, 1, 2},        {GgmlType::kBF16, 1, 2},
    {GgmlType::kQ4_0, 32, 18},     {GgmlType::kQ8_0, 32, 34},     {GgmlType::kQ4K, 256, 144},
    {GgmlType::kQ5K, 256, 176},    {GgmlType::kQ6K, 256, 210},    {GgmlType::kTQ1_0, 256, 54},
    {GgmlType::kTQ2_0, 256, 66},   {GgmlType::kQ1_0, 128, 18},    {GgmlType::kQ2_0, 64, 18},
    {GgmlType::kPQ2_0, 128, 34},   {GgmlType::kIQ1BN, 64, 13, 2},  // A half scale.
    {GgmlType::kIQ2BN, 64, 16, 4},                                 // A float scale.
};

// I2_S: the scale and what aligns it.
constexpr uint64_t kI2sTailBytes = 32;
// Q1_K: tiles of 8 rows, each with a float scale; blocks of 64 columns; a footer, as in all packed types.
constexpr uint64_t kQ1KTileRows = 8;
constexpr uint64_t kQ1KBlock = 64;
// Of our other packed types a tile has 16 rows, and a block, of 16 or 20 columns, 64 bytes.
constexpr uint64_t kPackedTileRows = 16;
constexpr uint64_t kPackedBlockBytes = 64;
constexpr uint64_t kFooterBytes = 64;

uint64_t CeilDiv(uint64_t n, uint64_t d) { return (n + d - 1) / d; }

}  // namespace

std::string_view GgmlTypeName(GgmlType type) {
  const auto index = static_cast<uint32_t>(type);
  if (index < std::size(kNames)) {
    return kNames[index];
  }
  const auto* found = std::ranges::find(kHighNames, type, &HighName::type);
  return found != std::end(kHighNames) ? found->name : "a type unknown to this program";
}

const GgmlRowType* FindGgmlRowType(GgmlType type) {
  const auto* found = std::ranges::find(kRowTypes, type, &GgmlRowType::type);
  return found != std::end(kRowTypes) ? found : nullptr;
}

std::optional<GgmlDivisors> FindGgmlDivisors(GgmlType type) {
  if (const GgmlRowType* rows = FindGgmlRowType(type)) {
    return GgmlDivisors{.k = rows->block_weights};
  }
  switch (type) {
    case GgmlType::kI2S:
      // Its three layouts want more, each something else; but the size is the same for all.
      return GgmlDivisors{};
    case GgmlType::kQ1K:
      return GgmlDivisors{.k = kQ1KBlock};
    case GgmlType::kHfTernary:
      return GgmlDivisors{.rows = 4};
    case GgmlType::kPackedBase3:
      return GgmlDivisors{};
    case GgmlType::kPacked2Bit:
    case GgmlType::kPackedGrouped2Bit:
      return GgmlDivisors{.k = 16};
    case GgmlType::kPackedGrouped1Bit:
    case GgmlType::kPackedInt6:
      return GgmlDivisors{.k = 32};
    default:
      return std::nullopt;
  }
}

std::optional<uint64_t> GgmlTensorBytes(GgmlType type, uint64_t rows, uint64_t k) {
  if (const GgmlRowType* row = FindGgmlRowType(type)) {
    return rows * (row->header_bytes + k / row->block_weights * row->block_bytes);
  }
  switch (type) {
    case GgmlType::kI2S:
      return rows * k / 4 + kI2sTailBytes;
    case GgmlType::kQ1K:
      return CeilDiv(rows, kQ1KTileRows) * (k + kQ1KTileRows * sizeof(float)) + kFooterBytes;
    case GgmlType::kHfTernary:
      return rows * k / 4;
    case GgmlType::kPacked2Bit:
      return CeilDiv(rows, kPackedTileRows) * (k / 16 * kPackedBlockBytes) + kFooterBytes;
    case GgmlType::kPackedBase3:
      return CeilDiv(rows, kPackedTileRows) * (CeilDiv(k, 20) * kPackedBlockBytes) + kFooterBytes;
    case GgmlType::kPackedInt6:
      // Blocks of 32 columns have 384 bytes of codes and 32 of scales; a row has a float scale.
      return CeilDiv(rows, kPackedTileRows) * (k / 32 * (384 + 32) + kPackedTileRows * sizeof(float)) +
             kFooterBytes;
    default:
      return std::nullopt;
  }
}

}  // namespace bitnet

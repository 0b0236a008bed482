#include "engine/formats/row_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "engine/model/ggml_type.h"
#include "engine/model/packed_footer.h"
#include "tests/engine/formats/reference_tensor.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class CodeTypeTest : public testing::TestWithParam<CodeType> {
 protected:
  CodeMatrix Random() {
    const CodeType& type = GetParam();
    return RandomCodes(type.rows, type.k, type.group == 0 ? type.k : type.group, type.range, type.one_scale,
                       rng_);
  }
  absl::StatusOr<RowDecoder> Decoder(const CodeMatrix& matrix, const std::vector<uint8_t>& bytes) {
    tensor_ = TensorOver(GetParam().type, matrix.rows, matrix.k, bytes);
    tensor_.scale = matrix.scales[0];  // Only kHfTernary's comes from there.
    return RowDecoder::Create(tensor_, GetParam().i2s);
  }

 private:
  std::mt19937 rng_{1};
  ModelTensor tensor_;
};

TEST_P(CodeTypeTest, DecodesWhatItsDefinitionSays) {
  const CodeType& type = GetParam();
  const CodeMatrix matrix = Random();
  const std::vector<uint8_t> bytes = ReferenceBytes(type.type, matrix, type.i2s);
  const auto decoder = Decoder(matrix, bytes);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ(decoder->rows(), matrix.rows);
  EXPECT_EQ(decoder->k(), matrix.k);
  EXPECT_EQ(decoder->codes(), type.range);
  EXPECT_EQ(decoder->group_weights(), matrix.group);
  EXPECT_EQ(decoder->has_tensor_scale(), type.one_scale);
  std::vector<int8_t> codes(matrix.k);
  std::vector<float> scales(matrix.k / matrix.group);
  std::vector<float> floats(matrix.k);
  for (size_t row = 0; row < matrix.rows; ++row) {
    ASSERT_TRUE(decoder->Codes(row, codes.data(), scales.data()));
    ASSERT_TRUE(decoder->Floats(row, floats.data()));
    for (size_t j = 0; j < matrix.k; ++j) {
      ASSERT_EQ(codes[j], matrix.code(row, j)) << row << " " << j;
      ASSERT_EQ(scales[j / matrix.group], matrix.scale(row, j)) << row << " " << j;
      ASSERT_EQ(floats[j], static_cast<float>(matrix.code(row, j)) * matrix.scale(row, j)) << row << " " << j;
    }
  }
}

TEST_P(CodeTypeTest, RefusesDataOfAnotherSize) {
  const CodeMatrix matrix = Random();
  const std::vector<uint8_t> bytes = ReferenceBytes(GetParam().type, matrix, GetParam().i2s);
  for (const ptrdiff_t change : {-1, 1}) {
    std::vector<uint8_t> other = bytes;
    other.resize(static_cast<size_t>(static_cast<ptrdiff_t>(bytes.size()) + change));
    EXPECT_TRUE(IsError(Decoder(matrix, other).status(), absl::StatusCode::kDataLoss,
                        " has " + std::to_string(other.size()) + " bytes"));
  }
  EXPECT_TRUE(IsError(Decoder(matrix, {}).status(), absl::StatusCode::kDataLoss, "tensor 't' of type "));
}

TEST_P(CodeTypeTest, HasRowsInTheOrderOfGgufIfTheyAreHuggingFaces) {
  const CodeType& type = GetParam();
  constexpr size_t kHeads = 2;
  constexpr size_t kHalf = 6;  // 24 rows, which every type takes.
  const size_t rows = kHeads * 2 * kHalf;
  std::mt19937 rng(3);
  const CodeMatrix matrix =
      RandomCodes(rows, type.k, type.group == 0 ? type.k : type.group, type.range, type.one_scale, rng);
  const std::vector<uint8_t> bytes = ReferenceBytes(type.type, matrix, type.i2s);
  ModelTensor tensor = TensorOver(type.type, rows, type.k, bytes);
  tensor.rope_heads = kHeads;
  const auto decoder = RowDecoder::Create(tensor, type.i2s);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  std::vector<int8_t> codes(type.k);
  std::vector<float> scales(type.k);
  for (size_t head = 0; head < kHeads; ++head) {
    for (size_t i = 0; i < kHalf; ++i) {
      for (size_t half = 0; half < 2; ++half) {
        ASSERT_TRUE(decoder->Codes(head * 2 * kHalf + 2 * i + half, codes.data(), scales.data()));
        const size_t stored = head * 2 * kHalf + half * kHalf + i;
        EXPECT_TRUE(std::equal(codes.begin(), codes.end(), &matrix.codes[stored * type.k])) << stored;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, CodeTypeTest, testing::ValuesIn(CodeTypes()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RowDecoderTest, TellsCodesThatStandForNothing) {
  for (const CodeType& type : CodeTypes()) {
    if (type.range != CodeRange::kTernary || type.type == GgmlType::kTQ1_0 || type.type == GgmlType::kIQ1BN) {
      continue;  // These have a weight for every pattern of bits.
    }
    SCOPED_TRACE(type.name);
    std::mt19937 rng(1);
    const CodeMatrix valid = RandomCodes(type.rows, type.k, type.group == 0 ? type.k : type.group, type.range,
                                         type.one_scale, rng);
    for (const size_t j : {size_t{0}, type.k / 2, type.k - 1}) {
      CodeMatrix matrix = valid;
      matrix.codes[type.k + j] = 2;  // In row 1.
      const std::vector<uint8_t> bytes = ReferenceBytes(type.type, matrix, type.i2s);
      const ModelTensor tensor = TensorOver(type.type, type.rows, type.k, bytes);
      const auto decoder = RowDecoder::Create(tensor, type.i2s);
      ASSERT_TRUE(decoder.ok()) << decoder.status();
      std::vector<int8_t> codes(type.k);
      std::vector<float> values(type.k);
      EXPECT_TRUE(decoder->Codes(0, codes.data(), values.data()));
      EXPECT_FALSE(decoder->Codes(1, codes.data(), values.data()));
      EXPECT_FALSE(decoder->Floats(1, values.data()));
    }
  }
}

std::vector<uint8_t> FloatBytes(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(RowDecoderTest, TellsValuesThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const std::vector<uint8_t> bytes = FloatBytes({1, 2, 3, 4, bad, 6});
    const ModelTensor tensor = TensorOver(GgmlType::kF32, 2, 3, bytes);
    const auto decoder = RowDecoder::Create(tensor);
    ASSERT_TRUE(decoder.ok()) << decoder.status();
    EXPECT_EQ(decoder->codes(), CodeRange::kNone);
    float row[3];
    EXPECT_TRUE(decoder->Floats(0, row));
    EXPECT_EQ(row[2], 3);
    EXPECT_FALSE(decoder->Floats(1, row));
  }
}

TEST(RowDecoderTest, TellsScalesThatAreNotFinite) {
  std::mt19937 rng(1);
  CodeMatrix matrix = RandomCodes(2, 128, 128, CodeRange::kTernary, true, rng);
  matrix.scales[0] = std::nanf("");
  const std::vector<uint8_t> i2s = ReferenceBytes(GgmlType::kI2S, matrix);
  std::vector<uint8_t> q1 =
      ReferenceBytes(GgmlType::kQ1_0, RandomCodes(2, 128, 128, CodeRange::kBinary, false, rng));
  q1[1] = 0x7C;  // Infinity.
  q1[0] = 0;
  std::vector<int8_t> codes(128);
  std::vector<float> floats(128);
  for (const ModelTensor& tensor :
       {TensorOver(GgmlType::kI2S, 2, 128, i2s), TensorOver(GgmlType::kQ1_0, 2, 128, q1)}) {
    const auto decoder = RowDecoder::Create(tensor);
    ASSERT_TRUE(decoder.ok()) << decoder.status();
    EXPECT_FALSE(decoder->Codes(0, codes.data(), floats.data()));
    EXPECT_FALSE(decoder->Floats(0, floats.data()));
    EXPECT_EQ(decoder->Floats(1, floats.data()), tensor.type == GgmlType::kQ1_0);
  }
}

TEST(RowDecoderTest, TakesVectorsAndMoreThanTwoDimensions) {
  const std::vector<uint8_t> bytes = FloatBytes({1, 2, 3, 4, 5, 6});
  ModelTensor tensor = TensorOver(GgmlType::kF32, 1, 6, bytes);
  tensor.dims = {6};
  EXPECT_EQ(RowDecoder::Create(tensor)->rows(), 1u);
  tensor.dims = {1, 3, 2};
  EXPECT_EQ(RowDecoder::Create(tensor)->rows(), 6u);
  EXPECT_EQ(RowDecoder::Create(tensor)->k(), 1u);
}

TEST(RowDecoderTest, NamesTypesItDoesNotRead) {
  const std::vector<uint8_t> bytes(1024);
  for (const auto& [type, name] : {std::pair{static_cast<GgmlType>(10), "Q2_K (10)"},
                                   {static_cast<GgmlType>(39), "MXFP4 (39)"},
                                   {GgmlType::kTL2, "TL2 ("},
                                   {static_cast<GgmlType>(777), "unknown to this program (777)"}}) {
    EXPECT_TRUE(IsError(RowDecoder::Create(TensorOver(type, 4, 256, bytes)).status(),
                        absl::StatusCode::kUnimplemented, "tensor 't' of type "));
    EXPECT_TRUE(IsError(RowDecoder::Create(TensorOver(type, 4, 256, bytes)).status(),
                        absl::StatusCode::kUnimplemented, name));
  }
}

TEST(RowDecoderTest, NamesShapesThatBlocksDoNotDivide) {
  const std::vector<uint8_t> bytes(1024);
  const auto expect = [&](GgmlType type, size_t rows, size_t k, I2sLayout i2s, const std::string& message) {
    EXPECT_TRUE(IsError(RowDecoder::Create(TensorOver(type, rows, k, bytes), i2s).status(),
                        absl::StatusCode::kUnimplemented, message));
  };
  expect(GgmlType::kTQ2_0, 2, 128, {}, "type TQ2_0 has rows of 128 weights; only multiples of 256 are read");
  expect(GgmlType::kQ4_0, 2, 48, {}, "only multiples of 32 are read");
  expect(GgmlType::kI2S, 4, 192, I2sLayout::k128x32,
         "type I2_S has rows of 192 weights; only multiples of 128");
  expect(GgmlType::kI2S, 4, 96, I2sLayout::k64x16, "only multiples of 64 are read");
  expect(GgmlType::kI2S, 6, 128, I2sLayout::k1x4Rows, "type I2_S has 6 rows; only multiples of 4 are read");
  expect(GgmlType::kHfTernary, 6, 128, {}, "has 6 rows; only multiples of 4 are read");
}

TEST(RowDecoderTest, RefusesFootersThatSayNonsense) {
  constexpr uint64_t kRows = 20;
  constexpr uint64_t kK = 384;
  const auto decode = [](GgmlType type, uint64_t bytes, const PackedFooter& footer) {
    std::vector<uint8_t> data(bytes);
    std::memcpy(&data[bytes - sizeof(footer)], &footer, sizeof(footer));
    return RowDecoder::Create(TensorOver(type, kRows, kK, data)).status();
  };
  const PackedFooter good = {.scale = 1, .group = 128, .version = kPackedVersion, .reserved = {}};
  PackedFooter footer = good;
  for (const GgmlType type : {GgmlType::kPackedGrouped1Bit, GgmlType::kPackedGrouped2Bit}) {
    const uint64_t bytes = GroupedPackedBytes(type, kRows, kK, 128).value();
    EXPECT_TRUE(decode(type, bytes, good).ok());
    footer.version = 2;
    EXPECT_TRUE(
        IsError(decode(type, bytes, footer), absl::StatusCode::kUnimplemented, "is of version 2; only 1 is"));
    footer = good;
    for (const uint32_t group : {0, 8, 256, 768}) {
      footer.group = group;
      EXPECT_TRUE(IsError(decode(type, bytes, footer), absl::StatusCode::kDataLoss,
                          "has groups of " + std::to_string(group) + " in rows of 384 weights"));
    }
    footer.group = 64;  // Needs more scales.
    EXPECT_TRUE(
        IsError(decode(type, bytes, footer), absl::StatusCode::kDataLoss, "20 rows of 384 weights need "));
    footer = good;
  }
  for (const GgmlType type : {GgmlType::kQ1K, GgmlType::kPacked2Bit, GgmlType::kPackedBase3}) {
    const uint64_t bytes = GgmlTensorBytes(type, kRows, kK).value();
    EXPECT_TRUE(
        IsError(decode(type, bytes, good), absl::StatusCode::kDataLoss, "has groups of 128 in rows of 384"));
    footer.group = 0;
    EXPECT_TRUE(decode(type, bytes, footer).ok());
    footer.version = 0;
    EXPECT_TRUE(IsError(decode(type, bytes, footer), absl::StatusCode::kUnimplemented, "is of version 0"));
    footer = good;
  }
}

TEST(RowDecoderTest, RefusesHeadsThatDoNotDivideTheRows) {
  const std::vector<uint8_t> bytes(6 * 4);
  ModelTensor tensor = TensorOver(GgmlType::kF32, 6, 1, bytes);
  for (const uint32_t heads : {2, 4, 12}) {
    tensor.rope_heads = heads;
    EXPECT_TRUE(IsError(RowDecoder::Create(tensor).status(), absl::StatusCode::kDataLoss,
                        "has 6 rows, which are not " + std::to_string(heads) + " heads of an even size"));
  }
  tensor.rope_heads = 3;
  EXPECT_TRUE(RowDecoder::Create(tensor).ok());
}

}  // namespace
}  // namespace bitnet

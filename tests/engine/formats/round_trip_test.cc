// From every type that holds codes to every one that is written, wherever the second can hold the first's.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "engine/formats/row_encoder.h"
#include "tests/engine/formats/reference_tensor.h"

namespace bitnet {
namespace {

// A shape that all types take; 16 rows, which fill Q1_K's tiles, and 11, which do not.
constexpr size_t kK = 768;

bool IsWritten(const CodeType& type) {
  return type.type == GgmlType::kI2S ? type.i2s == I2sLayout::k128x32
                                     : type.type != GgmlType::kIQ1BN && type.type != GgmlType::kIQ2BN &&
                                           type.type != GgmlType::kHfTernary;
}

size_t Group(const CodeType& type) { return type.group == 0 ? kK : type.group; }

class RoundTripTest : public testing::TestWithParam<CodeType> {};

void ExpectSameBytes(const CodeType& from, const CodeType& to, const CodeMatrix& matrix) {
  SCOPED_TRACE(std::string(from.name) + " to " + to.name);
  const std::vector<uint8_t> source_bytes = ReferenceBytes(from.type, matrix, from.i2s);
  ModelTensor source = TensorOver(from.type, matrix.rows, kK, source_bytes);
  source.scale = matrix.scales[0];
  const auto decoder = RowDecoder::Create(source, from.i2s);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  const auto encoded = EncodeTensor(*decoder, to.type, "t");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->bytes, ReferenceBytes(to.type, matrix));
  EXPECT_EQ(encoded->error.largest, 0);
  EXPECT_EQ(encoded->error.sum_of_squares, 0);
  EXPECT_EQ(encoded->error.num_weights, matrix.rows * kK);
}

TEST_P(RoundTripTest, WritesTheSameCodesAndScalesInEveryTypeThatHoldsThem) {
  const CodeType& from = GetParam();
  std::mt19937 rng(1);
  for (const CodeType& to : CodeTypes()) {
    if (!IsWritten(to)) {
      continue;
    }
    const CodeRange range = std::min(from.range, to.range);
    const bool needs_quarters = from.i2s == I2sLayout::k1x4Rows || from.type == GgmlType::kHfTernary;
    for (const size_t rows : {16, 11}) {
      if (needs_quarters && rows % 4 != 0) {
        continue;
      }
      const bool one_scale = from.one_scale || to.one_scale;
      const size_t group = std::max(Group(from), Group(to));
      ExpectSameBytes(from, to, RandomCodes(rows, kK, group, range, one_scale, rng));
    }
  }
}

// A weight-for-weight copy through a chain of types, as a user of several programs would make it.
TEST_P(RoundTripTest, ComesBackFromEveryTypeItWasWrittenIn) {
  const CodeType& type = GetParam();
  if (!IsWritten(type)) {
    return;  // Only read; the test above has it as a source.
  }
  std::mt19937 rng(2);
  const CodeMatrix matrix = RandomCodes(16, kK, Group(type), type.range, type.one_scale, rng);
  const std::vector<uint8_t> bytes = ReferenceBytes(type.type, matrix);
  for (const CodeType& other : CodeTypes()) {
    if (!IsWritten(other) || other.range < type.range || Group(other) > Group(type) ||
        (other.one_scale && !type.one_scale)) {
      continue;
    }
    SCOPED_TRACE(other.name);
    const ModelTensor first = TensorOver(type.type, 16, kK, bytes);
    const auto there = EncodeTensor(*RowDecoder::Create(first), other.type, "t");
    ASSERT_TRUE(there.ok()) << there.status();
    const ModelTensor second = TensorOver(other.type, 16, kK, there->bytes);
    const auto back = EncodeTensor(*RowDecoder::Create(second), type.type, "t");
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->bytes, bytes);
  }
}

TEST_P(RoundTripTest, WritesTheFloatsOfCodes) {
  const CodeType& from = GetParam();
  std::mt19937 rng(3);
  const CodeMatrix matrix = RandomCodes(8, kK, Group(from), from.range, from.one_scale, rng);
  const std::vector<uint8_t> bytes = ReferenceBytes(from.type, matrix, from.i2s);
  ModelTensor source = TensorOver(from.type, 8, kK, bytes);
  source.scale = matrix.scales[0];
  const auto decoder = RowDecoder::Create(source, from.i2s);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  for (const GgmlType to :
       {GgmlType::kF32, GgmlType::kF16}) {  // Half precision holds these scales, and twice them.
    const auto encoded = EncodeTensor(*decoder, to, "t");
    ASSERT_TRUE(encoded.ok()) << encoded.status();
    EXPECT_EQ(encoded->error.largest, 0);
    const ModelTensor floats = TensorOver(to, 8, kK, encoded->bytes);
    std::vector<float> row(kK);
    for (size_t r = 0; r < 8; ++r) {
      ASSERT_TRUE(RowDecoder::Create(floats)->Floats(r, row.data()));
      for (size_t j = 0; j < kK; ++j) {
        ASSERT_EQ(row[j], matrix.code(r, j) * matrix.scale(r, j));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RoundTripTest, testing::ValuesIn(CodeTypes()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bitnet

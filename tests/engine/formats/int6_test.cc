// The 6-bit type of output heads.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "engine/formats/int6_tiles.h"
#include "engine/formats/row_decoder.h"
#include "engine/formats/row_encoder.h"
#include "engine/model/ggml_type.h"
#include "tests/engine/formats/reference_tensor.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 37;  // Two tiles and a part of one.
constexpr size_t kK = 256;

std::vector<uint8_t> Bytes(const std::vector<float>& values) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
  return {bytes, bytes + values.size() * sizeof(float)};
}

std::vector<float> NormalValues() {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(kRows * kK);
  for (float& value : values) value = normal(rng);
  return values;
}

// Encodes and decodes again.
std::vector<float> Through6Bits(const std::vector<float>& values) {
  const std::vector<uint8_t> source = Bytes(values);
  const ModelTensor tensor = TensorOver(GgmlType::kF32, kRows, kK, source);
  const auto encoded = EncodeTensor(*RowDecoder::Create(tensor), GgmlType::kPackedInt6, "head");
  EXPECT_TRUE(encoded.ok()) << encoded.status();
  const ModelTensor written = TensorOver(GgmlType::kPackedInt6, kRows, kK, encoded->bytes);
  const auto decoder = RowDecoder::Create(written);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  std::vector<float> decoded(values.size());
  for (size_t row = 0; row < kRows; ++row) EXPECT_TRUE(decoder->Floats(row, decoded.data() + row * kK));
  return decoded;
}

TEST(Int6Test, IsAsPreciseAsItsScales) {
  const std::vector<float> values = NormalValues();
  const std::vector<float> decoded = Through6Bits(values);
  double errors = 0;
  double squares = 0;
  for (size_t row = 0; row < kRows; ++row) {
    float row_largest = 0;
    for (size_t i = 0; i < kK; ++i) row_largest = std::max(row_largest, std::fabs(values[row * kK + i]));
    for (size_t begin = 0; begin < kK; begin += 16) {
      const size_t at = row * kK + begin;
      float largest = 0;
      for (size_t i = 0; i < 16; ++i) largest = std::max(largest, std::fabs(values[at + i]));
      // The step is largest / 32, rounded to a multiple of the row's largest / 32 / 127: off by half of that
      // at most, 32 times as much at the group's largest weight. A weight is off by half a step, and one at
      // the end without the code 32 by a whole one.
      const float step = largest / 32 + row_largest / 32 / 254;
      const float bound = step + 32 * row_largest / 32 / 254;
      for (size_t i = 0; i < 16; ++i) {
        const double error = decoded[at + i] - values[at + i];
        EXPECT_LE(std::fabs(error), bound * 1.0001f) << "row " << row << ", column " << begin + i;
        errors += error * error;
        squares += static_cast<double>(values[at + i]) * values[at + i];
      }
    }
  }
  // Of normal weights the largest of 16 is 2.07 deviations on average: 2.07 / 32 / sqrt(12) = 0.0187;
  // rounding the scales adds a little.
  EXPECT_LT(std::sqrt(errors / squares), 0.022);
}

TEST(Int6Test, KeepsZerosAndSingleWeights) {
  std::vector<float> values(kRows * kK, 0.0f);
  for (size_t row = 0; row < kRows; ++row) values[row * kK + row] = row % 2 == 0 ? 1.5f : -1.5f;
  const std::vector<float> decoded = Through6Bits(values);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(decoded[i], values[i], 1.5 * 0x1p-22) << i;
}

TEST(Int6Test, WritesTheSameBytesWithoutLookingBack) {
  const std::vector<uint8_t> source = Bytes(NormalValues());
  const ModelTensor tensor = TensorOver(GgmlType::kF32, kRows, kK, source);
  const auto decoder = RowDecoder::Create(tensor);
  const auto encoded = EncodeTensor(*decoder, GgmlType::kPackedInt6, "head");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  ASSERT_EQ(encoded->bytes.size(), GgmlTensorBytes(GgmlType::kPackedInt6, kRows, kK));
  std::vector<uint8_t> direct(encoded->bytes.size(), 0xee);
  EXPECT_TRUE(EncodeInt6Rows(*decoder, 20, kRows, direct));
  EXPECT_TRUE(EncodeInt6Rows(*decoder, 0, 20, direct));
  FinishInt6Tensor(kRows, kK, direct);
  EXPECT_EQ(direct, encoded->bytes);
}

TEST(Int6Test, SaysWhereAValueIsNoWeight) {
  std::vector<float> values = NormalValues();
  values[5 * kK + 3] = INFINITY;
  const std::vector<uint8_t> source = Bytes(values);
  const ModelTensor tensor = TensorOver(GgmlType::kF32, kRows, kK, source);
  const auto decoder = RowDecoder::Create(tensor);
  std::vector<uint8_t> out(GgmlTensorBytes(GgmlType::kPackedInt6, kRows, kK).value());
  EXPECT_TRUE(EncodeInt6Rows(*decoder, 0, 5, out));
  EXPECT_FALSE(EncodeInt6Rows(*decoder, 5, 6, out));
}

}  // namespace
}  // namespace bitnet

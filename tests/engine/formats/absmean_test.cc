// Float master weights made ternary by their mean, as BitNet's training does.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "tests/engine/formats/reference_tensor.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// The bytes of `values` as a type of 4 or 2 bytes; the latter's hold them exactly.
std::vector<uint8_t> Encode(GgmlType type, const std::vector<float>& values) {
  std::vector<uint8_t> bytes;
  for (const float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    if (type == GgmlType::kBF16) {
      bits >>= 16;
    } else if (type == GgmlType::kF16) {
      bits = ReferenceHalf(value);
    }
    const auto* begin = reinterpret_cast<const uint8_t*>(&bits);
    bytes.insert(bytes.end(), begin, begin + (type == GgmlType::kF32 ? 4 : 2));
  }
  return bytes;
}

ModelTensor Master(GgmlType type, size_t rows, size_t k, const std::vector<uint8_t>& bytes) {
  ModelTensor tensor = TensorOver(type, rows, k, bytes);
  tensor.quantize_absmean = true;
  return tensor;
}

TEST(AbsmeanTest, RoundsMultiplesOfTheMeanHalfToEven) {
  // The mean of |w| is exactly 1: halves and their neighbours are rounded as they are.
  const float below = std::nextafter(0.5f, 0.0f);
  const float above = std::nextafter(0.5f, 1.0f);
  std::vector<float> values = {0.5f, -0.5f, above, -above, below, -below, 1.5f, -2.5f, 0, 100};
  double sum = 0;
  for (const float value : values) {
    sum += std::fabs(value);
  }
  values.resize(120);
  values[10] = static_cast<float>(120 - sum);
  const std::vector<uint8_t> bytes = Encode(GgmlType::kF32, values);
  const ModelTensor tensor = Master(GgmlType::kF32, 2, 60, bytes);
  const auto decoder = RowDecoder::Create(tensor);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ(decoder->codes(), CodeRange::kTernary);
  EXPECT_TRUE(decoder->has_tensor_scale());
  EXPECT_EQ(decoder->group_weights(), 60u);
  std::vector<int8_t> codes(60);
  float scale;
  ASSERT_TRUE(decoder->Codes(0, codes.data(), &scale));
  EXPECT_EQ(scale, 1.0f);
  codes.resize(11);
  EXPECT_EQ(codes, (std::vector<int8_t>{0, 0, 1, -1, 0, 0, 1, -1, 0, 1, 1}));
}

TEST(AbsmeanTest, TakesTheMeanOfTheWholeTensor) {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 0.02f);
  for (const GgmlType type : {GgmlType::kF32, GgmlType::kF16, GgmlType::kBF16}) {
    for (const size_t k : {1, 7, 256, 300, 1000}) {
      constexpr size_t kRows = 5;
      std::vector<float> values(kRows * k);
      double sum = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        // 8 significant bits, which all three types hold; rows differ in size.
        int exponent = 0;
        const float draw = normal(rng) * static_cast<float>(1 + i / k) + 1e-3f;
        values[i] = std::ldexp(std::nearbyint(std::ldexp(std::frexp(draw, &exponent), 8)), exponent - 8);
        if (std::fabs(values[i]) < 1e-4f) {
          values[i] = 0;
        }
        sum += std::fabs(values[i]);
      }
      const float inverse = 1.0f / static_cast<float>(sum / static_cast<double>(values.size()));
      const std::vector<uint8_t> bytes = Encode(type, values);
      const ModelTensor tensor = Master(type, kRows, k, bytes);
      const auto decoder = RowDecoder::Create(tensor);
      ASSERT_TRUE(decoder.ok()) << decoder.status();
      std::vector<int8_t> codes(k);
      std::vector<float> floats(k);
      for (size_t row = 0; row < kRows; ++row) {
        float scale;
        ASSERT_TRUE(decoder->Codes(row, codes.data(), &scale));
        ASSERT_TRUE(decoder->Floats(row, floats.data()));
        ASSERT_EQ(scale, 1.0f / inverse);
        for (size_t j = 0; j < k; ++j) {
          const float code = std::min(1.0f, std::max(-1.0f, std::nearbyint(values[row * k + j] * inverse)));
          ASSERT_EQ(codes[j], static_cast<int8_t>(code)) << row << " " << j;
          ASSERT_EQ(floats[j], code / inverse) << row << " " << j;
        }
      }
    }
  }
}

TEST(AbsmeanTest, KeepsWeightsThatAreAllTinyFinite) {
  const std::vector<uint8_t> bytes = Encode(GgmlType::kF32, {1e-7f, -1e-7f, 0, 1e-30f});
  const ModelTensor tensor = Master(GgmlType::kF32, 1, 4, bytes);
  const auto decoder = RowDecoder::Create(tensor);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  std::vector<int8_t> codes(4);
  float scale;
  ASSERT_TRUE(decoder->Codes(0, codes.data(), &scale));
  EXPECT_EQ(codes, (std::vector<int8_t>{0, 0, 0, 0}));
  EXPECT_NEAR(scale, 1e-5, 1e-11);
}

TEST(AbsmeanTest, RefusesWeightsThatAreNotFinite) {
  for (const float bad : {std::nanf(""), HUGE_VALF}) {
    const std::vector<uint8_t> bytes = Encode(GgmlType::kF32, {1, bad});
    EXPECT_TRUE(IsError(RowDecoder::Create(Master(GgmlType::kF32, 2, 1, bytes)).status(),
                        absl::StatusCode::kDataLoss,
                        "tensor 't' of type F32 holds a value that is not finite"));
  }
}

TEST(AbsmeanTest, RefusesWeightsThatAreQuantisedAlready) {
  const std::vector<uint8_t> bytes(34);
  EXPECT_TRUE(IsError(RowDecoder::Create(Master(GgmlType::kQ8_0, 1, 32, bytes)).status(),
                      absl::StatusCode::kUnimplemented, "would be quantised a second time"));
}

}  // namespace
}  // namespace bitnet

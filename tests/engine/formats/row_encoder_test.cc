#include "engine/formats/row_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/formats/reference_tensor.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// A matrix of floats, and a decoder for it.
struct FloatSource {
  FloatSource(size_t rows, size_t k, const std::vector<float>& values)
      : bytes(values.size() * sizeof(float)) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    tensor = TensorOver(GgmlType::kF32, rows, k, bytes);
  }
  RowDecoder decoder() const { return *RowDecoder::Create(tensor); }

  std::vector<uint8_t> bytes;
  ModelTensor tensor;
};

struct CodeSource {
  CodeSource(GgmlType type, const CodeMatrix& matrix) : bytes(ReferenceBytes(type, matrix)) {
    tensor = TensorOver(type, matrix.rows, matrix.k, bytes);
  }
  RowDecoder decoder() const { return *RowDecoder::Create(tensor); }

  std::vector<uint8_t> bytes;
  ModelTensor tensor;
};

std::vector<float> NormalValues(size_t count, std::mt19937& rng) {
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(count);
  std::ranges::generate(values, [&] { return normal(rng); });
  return values;
}

void ExpectCannot(const RowDecoder& source, GgmlType to, const std::string& message) {
  EXPECT_TRUE(IsError(EncodeTensor(source, to, "blk.0").status(), absl::StatusCode::kInvalidArgument,
                      "tensor 'blk.0' cannot be written as " + message));
}

TEST(RowEncoderTest, SaysWhichCodeATypeCannotHold) {
  std::mt19937 rng(1);
  CodeMatrix matrix = RandomCodes(3, 256, 256, CodeRange::kTernary, true, rng);
  matrix.codes[2 * 256 + 17] = 2;
  const CodeSource quaternary(GgmlType::kQ2_0, matrix);
  ExpectCannot(quaternary.decoder(), GgmlType::kI2S,
               "I2_S: row 2, weight 17 is 2 times its scale, which I2_S has no code for");
  ExpectCannot(quaternary.decoder(), GgmlType::kTQ1_0, "TQ1_0: row 2, weight 17 is 2 times its scale");
  matrix = RandomCodes(3, 256, 256, CodeRange::kBinary, true, rng);
  matrix.codes[256 + 5] = 0;
  const CodeSource ternary(GgmlType::kTQ2_0, matrix);
  ExpectCannot(ternary.decoder(), GgmlType::kQ1_0, "Q1_0: row 1, weight 5 is 0 times its scale");
  ExpectCannot(ternary.decoder(), GgmlType::kQ1K, "Q1_K: row 1, weight 5 is 0 times its scale");
}

TEST(RowEncoderTest, SaysWhichScalesDiffer) {
  std::mt19937 rng(1);
  CodeMatrix matrix = RandomCodes(3, 256, 64, CodeRange::kBinary, true, rng);
  std::ranges::fill(matrix.scales, 0.5f);
  matrix.scales[4 + 1] = 0.25f;
  const CodeSource source(GgmlType::kQ2_0, matrix);
  ExpectCannot(source.decoder(), GgmlType::kTQ2_0,
               "TQ2_0: row 1 has scales 0.5 and 0.25 where TQ2_0 has one for 256");
  ExpectCannot(source.decoder(), GgmlType::kPQ2_0,
               "PQ2_0: row 1 has scales 0.5 and 0.25 where PQ2_0 has one for 128");
  ExpectCannot(source.decoder(), GgmlType::kQ1K,
               "Q1_K: row 1 has scales 0.5 and 0.25 where Q1_K has one for 256");
  for (size_t i = 0; i < 4; ++i) {
    matrix.scales[4 + i] = 0.25f;
  }
  const CodeSource rows(GgmlType::kQ2_0, matrix);
  EXPECT_TRUE(EncodeTensor(rows.decoder(), GgmlType::kTQ2_0, "t").ok());
  ExpectCannot(rows.decoder(), GgmlType::kI2S,
               "I2_S: it has one scale for all weights, and there are 0.5 and, in row 1, 0.25");
}

TEST(RowEncoderTest, LetsZerosGoWithAnyScale) {
  std::mt19937 rng(1);
  CodeMatrix matrix = RandomCodes(3, 256, 64, CodeRange::kTernary, true, rng);
  const CodeMatrix uniform = [&] {
    std::fill(&matrix.codes[256 + 64], &matrix.codes[256 + 128], int8_t{0});
    std::fill(&matrix.codes[512], &matrix.codes[512] + 256, int8_t{0});
    return matrix;
  }();
  matrix.scales[4 + 1] = 0;
  for (size_t i = 8; i < 12; ++i) {
    matrix.scales[i] = 0;
  }
  const CodeSource source(GgmlType::kQ2_0, matrix);
  const auto i2s = EncodeTensor(source.decoder(), GgmlType::kI2S, "t");
  ASSERT_TRUE(i2s.ok()) << i2s.status();
  EXPECT_EQ(i2s->bytes, ReferenceBytes(GgmlType::kI2S, uniform));
}

TEST(RowEncoderTest, SaysWhichScalesAreBeyondHalfPrecision) {
  std::mt19937 rng(1);
  CodeMatrix matrix = RandomCodes(2, 256, 256, CodeRange::kTernary, true, rng);
  for (const float scale : {1e5f, 1e-9f}) {
    matrix.scales = {scale, scale};
    const CodeSource source(GgmlType::kI2S, matrix);
    ExpectCannot(source.decoder(), GgmlType::kTQ2_0,
                 std::string("TQ2_0: row 0 has the scale ") + (scale > 1 ? "100000" : "1e-09") +
                     ", which is beyond half precision");
    EXPECT_TRUE(EncodeTensor(source.decoder(), GgmlType::kI2S, "t").ok());
  }
}

TEST(RowEncoderTest, SaysWhichShapesDoNotFit) {
  std::mt19937 rng(1);
  const FloatSource source(2, 192, NormalValues(384, rng));
  ExpectCannot(source.decoder(), GgmlType::kTQ2_0, "TQ2_0: its rows have 192 weights, not a multiple of 256");
  ExpectCannot(source.decoder(), GgmlType::kQ1_0, "Q1_0: its rows have 192 weights, not a multiple of 128");
  ExpectCannot(source.decoder(), GgmlType::kI2S, "I2_S: its rows have 192 weights, not a multiple of 128");
}

TEST(RowEncoderTest, NamesTypesThatAreNotWritten) {
  std::mt19937 rng(1);
  const FloatSource source(1, 256, NormalValues(256, rng));
  for (const GgmlType to : {GgmlType::kIQ1BN, GgmlType::kIQ2BN, GgmlType::kHfTernary, GgmlType::kQ4K,
                            static_cast<GgmlType>(10), static_cast<GgmlType>(999)}) {
    EXPECT_TRUE(IsError(EncodeTensor(source.decoder(), to, "t").status(), absl::StatusCode::kUnimplemented,
                        "tensor 't': type " + std::string(GgmlTypeName(to)) + " is not written"));
  }
}

TEST(RowEncoderTest, SaysWhichRowHoldsNoWeight) {
  std::vector<float> values(512, 1.0f);
  values[256 + 3] = std::nanf("");
  const FloatSource source(2, 256, values);
  for (const GgmlType to : {GgmlType::kF16, GgmlType::kTQ2_0, GgmlType::kQ8_0, GgmlType::kI2S}) {
    EXPECT_TRUE(IsError(EncodeTensor(source.decoder(), to, "t").status(), absl::StatusCode::kDataLoss,
                        "tensor 't': row 1 holds something that is no weight"));
  }
}

TEST(RowEncoderTest, SaysWhichRowIsTooLarge) {
  std::vector<float> values(512, 1.0f);
  values[256 + 3] = 1e38f;
  const FloatSource source(2, 256, values);
  for (const GgmlType to : {GgmlType::kF16, GgmlType::kQ8_0, GgmlType::kQ4_0, GgmlType::kQ6K}) {
    ExpectCannot(source.decoder(), to,
                 std::string(GgmlTypeName(to)) + ": row 1 holds a weight too large for it");
  }
  ExpectCannot(source.decoder(), GgmlType::kTQ2_0, "TQ2_0: row 1 has the scale 1e+38");
}

TEST(RowEncoderTest, TakesFloatsThatAreTernaryAlreadyInTypesWithFloatScales) {
  std::mt19937 rng(1);
  const CodeMatrix ternary = RandomCodes(4, 256, 256, CodeRange::kTernary, true, rng);
  std::vector<float> values;
  for (const int8_t code : ternary.codes) {
    values.push_back(static_cast<float>(code) * ternary.scales[0]);
  }
  const auto i2s = EncodeTensor(FloatSource(4, 256, values).decoder(), GgmlType::kI2S, "t");
  ASSERT_TRUE(i2s.ok()) << i2s.status();
  EXPECT_EQ(i2s->bytes, ReferenceBytes(GgmlType::kI2S, ternary));
  values[256 + 9] = 0.75f * ternary.scales[0];
  ExpectCannot(FloatSource(4, 256, values).decoder(), GgmlType::kI2S, "I2_S: row 1, weight 9 is ");

  const CodeMatrix binary = RandomCodes(4, 256, 256, CodeRange::kBinary, false, rng);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(binary.codes[i]) * binary.scales[i / 256];
  }
  const auto q1k = EncodeTensor(FloatSource(4, 256, values).decoder(), GgmlType::kQ1K, "t");
  ASSERT_TRUE(q1k.ok()) << q1k.status();
  EXPECT_EQ(q1k->bytes, ReferenceBytes(GgmlType::kQ1K, binary));
  ExpectCannot(FloatSource(4, 256, values).decoder(), GgmlType::kI2S,
               "I2_S: it has one scale for all weights");
}

TEST(RowEncoderTest, QuantisesMasterWeightsAsTheirDecoderDoes) {
  std::mt19937 rng(1);
  FloatSource source(4, 256, NormalValues(1024, rng));
  source.tensor.quantize_absmean = true;
  const auto i2s = EncodeTensor(source.decoder(), GgmlType::kI2S, "t");
  ASSERT_TRUE(i2s.ok()) << i2s.status();
  EXPECT_EQ(i2s->error.largest, 0);  // Nothing more is lost.
}

// ggml's quantisers of the types that PyPI's `gguf` does not encode.
TEST(RowEncoderTest, QuantisesFloatsToSignsAndTheirMean) {
  std::mt19937 rng(1);
  std::vector<float> values = NormalValues(3 * 256, rng);
  values[5] = 0;
  const auto encoded = EncodeTensor(FloatSource(3, 256, values).decoder(), GgmlType::kQ1_0, "t");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  CodeMatrix wanted = {.rows = 3, .k = 256, .group = 128, .codes = {}, .scales = {}};
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % 128 == 0) {
      wanted.scales.push_back(0);
    }
    wanted.scales.back() += std::fabs(values[i]);
    wanted.codes.push_back(values[i] < 0 ? -1 : 1);
  }
  for (float& scale : wanted.scales) {
    scale /= 128;
  }
  EXPECT_EQ(encoded->bytes, ReferenceBytes(GgmlType::kQ1_0, wanted));
}

TEST(RowEncoderTest, QuantisesFloatsByTheLargest) {
  std::mt19937 rng(1);
  const std::vector<float> values = NormalValues(3 * 256, rng);
  for (const auto& [type, group] :
       {std::pair{GgmlType::kQ2_0, size_t{64}}, {GgmlType::kPQ2_0, size_t{128}}}) {
    const auto encoded = EncodeTensor(FloatSource(3, 256, values).decoder(), type, "t");
    ASSERT_TRUE(encoded.ok()) << encoded.status();
    CodeMatrix wanted = {.rows = 3, .k = 256, .group = group, .codes = {}, .scales = {}};
    for (size_t begin = 0; begin < values.size(); begin += group) {
      float largest = 0;
      for (size_t i = begin; i < begin + group; ++i) {
        largest = std::max(largest, std::fabs(values[i]));
      }
      wanted.scales.push_back(largest);
      for (size_t i = begin; i < begin + group; ++i) {
        wanted.codes.push_back(static_cast<int8_t>(std::lround(values[i] * (1 / largest))));
      }
    }
    EXPECT_EQ(encoded->bytes, ReferenceBytes(type, wanted));
  }
}

TEST(RowEncoderTest, KeepsSixBitsOfEveryWeight) {
  constexpr size_t kK = 1024;
  std::mt19937 rng(1);
  std::vector<float> values = NormalValues(2 * kK, rng);
  std::fill(&values[256], &values[512], 0.0f);
  std::fill(&values[512], &values[528], 1e-42f);
  values[700] = 1;
  const auto encoded = EncodeTensor(FloatSource(2, kK, values).decoder(), GgmlType::kQ6K, "t");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  const ModelTensor tensor = TensorOver(GgmlType::kQ6K, 2, kK, encoded->bytes);
  std::vector<float> row(kK);
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % kK == 0) {
      ASSERT_TRUE(RowDecoder::Create(tensor)->Floats(i / kK, row.data()));
    }
    const auto largest = [&](size_t begin, size_t count) {
      float found = 0;
      for (size_t j = begin; j < begin + count; ++j) {
        found = std::max(found, std::fabs(values[j]));
      }
      return found;
    };
    // A step is 1/32 of the largest of 16, or up to 3 % less, which cuts that one off by 0.9 steps; a scale
    // is off by up to half of 1/128 of the block's largest, times 32 steps.
    const float step = largest(i / 16 * 16, 16) / 32;
    const float scale_step = largest(i / 256 * 256, 256) / 32 / 128;
    ASSERT_LE(std::fabs(row[i % kK] - values[i]), 0.95f * step + 17 * scale_step) << i;
  }
  // Without outliers the error of a uniform step, largest / 32 / sqrt(12): with the largest of 16 normal
  // weights at 1.77 standard deviations on average, 1.6 % of one.
  const auto normal = EncodeTensor(FloatSource(1, kK, NormalValues(kK, rng)).decoder(), GgmlType::kQ6K, "t");
  EXPECT_LT(normal->error.rms(), 0.018 * 0.02);
  EXPECT_GT(normal->error.rms(), 0.010 * 0.02);
}

TEST(RowEncoderTest, MeasuresWhatIsLost) {
  // Of 4 weights 1 + 2^-12, half precision keeps 1.
  const FloatSource source(2, 2, std::vector<float>(4, 1 + 0x1p-12f));
  const auto encoded = EncodeTensor(source.decoder(), GgmlType::kF16, "t");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->error.largest, 0x1p-12);
  EXPECT_EQ(encoded->error.rms(), 0x1p-12);
  EXPECT_EQ(encoded->error.num_weights, 4u);
  EXPECT_EQ(encoded->error.source_sum_of_squares, 4 * (1 + 0x1p-12) * (1 + 0x1p-12));
}

TEST(RowEncoderTest, WritesRowsInAnyOrderAndEveryByte) {
  std::mt19937 rng(1);
  for (const GgmlType to : {GgmlType::kF32, GgmlType::kF16, GgmlType::kBF16, GgmlType::kQ4_0, GgmlType::kQ8_0,
                            GgmlType::kQ6K, GgmlType::kTQ1_0, GgmlType::kTQ2_0, GgmlType::kQ1_0,
                            GgmlType::kQ2_0, GgmlType::kPQ2_0, GgmlType::kI2S, GgmlType::kQ1K}) {
    SCOPED_TRACE(GgmlTypeName(to));
    const CodeSource source(GgmlType::kI2S, RandomCodes(11, 256, 256, CodeRange::kBinary, true, rng));
    const RowDecoder decoder = source.decoder();
    const auto whole = EncodeTensor(decoder, to, "t");
    ASSERT_TRUE(whole.ok()) << whole.status();
    const auto encoder = RowEncoder::Create(decoder, to, "t");
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    ASSERT_EQ(encoder->bytes(), whole->bytes.size());
    std::vector<uint8_t> pieces(encoder->bytes(), 0xFF);
    EncodeError error;
    encoder->Finish(pieces);
    ASSERT_TRUE(encoder->EncodeRows(9, 11, pieces, error).ok());
    ASSERT_TRUE(encoder->EncodeRows(0, 1, pieces, error).ok());
    ASSERT_TRUE(encoder->EncodeRows(1, 9, pieces, error).ok());
    EXPECT_EQ(pieces, whole->bytes);
    EXPECT_EQ(error.num_weights, 11u * 256);
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/float_gemm/float_gemm.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/kernels/float_bits.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

struct FloatProblem {
  FloatType type;
  size_t rows, k, batch;
  std::vector<uint32_t> w;  // [rows, k] bits of the type.
  std::vector<float> x;     // [batch, k]
  size_t offset = 0;        // Misalignment of x and y in elements, of w in bytes.
  size_t x_gap = 0;
  size_t y_gap = 0;
};

constexpr FloatType kTypes[] = {FloatType::kF16, FloatType::kBf16, FloatType::kF32};

float Value(FloatType type, uint32_t bits) {
  switch (type) {
    case FloatType::kF16:
      return HalfValue(static_cast<uint16_t>(bits));
    case FloatType::kBf16:
      return Bfloat16Value(static_cast<uint16_t>(bits));
    case FloatType::kF32:
      break;
  }
  return std::bit_cast<float>(bits);
}

// Any finite half, subnormals and both zeros among them; of the wider types those below 2^17, lest sums
// overflow.
uint32_t RandomBits(FloatType type, std::mt19937& rng) {
  const uint32_t sign = rng() & 1;
  switch (type) {
    case FloatType::kF16:
      return sign << 15 | rng() % 0x7c00;
    case FloatType::kBf16:
      return sign << 15 | rng() % 0x4800;
    case FloatType::kF32:
      break;
  }
  return sign << 31 | rng() % 0x48000000;
}

FloatProblem RandomProblem(FloatType type, size_t rows, size_t k, size_t batch, std::mt19937& rng) {
  FloatProblem p = {.type = type, .rows = rows, .k = k, .batch = batch, .w = {}, .x = {}};
  std::normal_distribution<float> real;
  for (size_t i = 0; i < rows * k; ++i) p.w.push_back(RandomBits(type, rng));
  for (size_t i = 0; i < batch * k; ++i) p.x.push_back(real(rng));
  return p;
}

// The documented definition, one lane at a time; absent elements are products of +0.
float DotByDefinition(const FloatProblem& p, size_t row, size_t b) {
  float lane[16];
  for (size_t j = 0; j < 16; ++j) {
    lane[j] = 0;
    for (size_t i = j; i < (p.k + 15) / 16 * 16; i += 16) {
      const float w = i < p.k ? Value(p.type, p.w[row * p.k + i]) : 0;
      lane[j] = std::fma(w, i < p.k ? p.x[b * p.k + i] : 0, lane[j]);
    }
  }
  for (size_t j = 0; j < 8; ++j) lane[j] += lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] += lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] += lane[j + 2];
  return lane[0] + lane[1];
}

class FloatGemmTest : public testing::TestWithParam<FloatGemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const FloatProblem& p) {
    SCOPED_TRACE(testing::Message() << "type " << static_cast<int>(p.type) << ", " << p.rows << " rows, k "
                                    << p.k << ", batch " << p.batch << ", offset " << p.offset);
    const size_t x_stride = p.k + p.x_gap;
    const size_t y_stride = p.rows + p.y_gap;
    const size_t bytes = FloatTypeBytes(p.type);
    Guarded<uint8_t> w(p.rows * p.k * bytes, 0xff, p.offset);  // All ones are a NaN.
    // Little-endian, as the machines are that this runs on.
    for (size_t i = 0; i < p.w.size(); ++i) std::memcpy(w.data() + i * bytes, &p.w[i], bytes);
    Guarded<float> x(p.batch * x_stride - p.x_gap, kNaN, p.offset);
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t i = 0; i < p.k; ++i) x[b * x_stride + i] = p.x[b * p.k + i];
    }
    Guarded<float> y(p.batch * y_stride - p.y_gap, 1234.5f, p.offset);
    GetParam().run({.rows = p.rows,
                    .k = p.k,
                    .batch = p.batch,
                    .w = w.data(),
                    .x = x.data(),
                    .x_stride = x_stride,
                    .y = y.data(),
                    .y_stride = y_stride,
                    .type = p.type});
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < p.rows; ++row) {
        const float expected = DotByDefinition(p, row, b);
        ASSERT_TRUE(SameBits(y[b * y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << y[b * y_stride + row] << ", not " << expected;
      }
    }
    y.ExpectGuardsIntact(p.batch, p.rows, y_stride);
  }
};

TEST_P(FloatGemmTest, MatchesReferenceForAnyTail) {
  std::mt19937 rng(1);
  for (FloatType type : kTypes) {
    for (size_t k = 1; k <= 50; ++k) {
      for (size_t batch : {1, 2, 5}) ExpectMatchesReference(RandomProblem(type, 5, k, batch, rng));
    }
  }
}

TEST_P(FloatGemmTest, MatchesReferenceForAnyBatchAndRowCount) {
  std::mt19937 rng(2);
  for (FloatType type : kTypes) {
    for (size_t batch = 1; batch <= 17; ++batch) {
      for (size_t rows = 1; rows <= 9; ++rows) {
        ExpectMatchesReference(RandomProblem(type, rows, 40, batch, rng));
      }
    }
  }
}

TEST_P(FloatGemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (FloatType type : kTypes) {
    for (size_t k : {640, 2560, 6912}) {
      for (size_t batch : {1, 4}) ExpectMatchesReference(RandomProblem(type, 7, k, batch, rng));
    }
  }
}

TEST_P(FloatGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(4);
  for (FloatType type : kTypes) {
    for (size_t offset = 0; offset <= 16; ++offset) {
      FloatProblem p = RandomProblem(type, 6, 35, 3, rng);
      p.offset = offset;
      p.x_gap = offset;
      p.y_gap = 17 - offset;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(FloatGemmTest, WidensEveryHalfAndBfloat16) {
  // One product by 1 in each row: the weight itself, but that +0 takes the sign of -0.
  for (FloatType type : {FloatType::kF16, FloatType::kBf16}) {
    FloatProblem p = {.type = type, .rows = 65536, .k = 1, .batch = 1, .w = {}, .x = {1.0f}};
    for (uint32_t bits = 0; bits < 65536; ++bits) p.w.push_back(bits);
    ExpectMatchesReference(p);
  }
}

TEST_P(FloatGemmTest, MatchesReferenceForHugeAndTinyFloats) {
  std::mt19937 rng(5);
  for (FloatType type : kTypes) {
    for (float magnitude : {1e-45f, 1e-39f, 1e-30f, 1e30f, 3e38f}) {
      for (size_t k : {7, 16, 45}) {
        FloatProblem p = RandomProblem(type, 4, k, 2, rng);
        for (float& v : p.x) v = std::copysign(magnitude, v);
        ExpectMatchesReference(p);
      }
    }
  }
}

TEST_P(FloatGemmTest, AddsAbsentElementsAsPositiveZeros) {
  // Every product underflows to -0, so every lane that got one is -0: without the absent +0, so is the
  // result.
  for (FloatType type : kTypes) {
    for (size_t k : {16, 19, 32, 47}) {
      FloatProblem p = {.type = type, .rows = 5, .k = k, .batch = 2, .w = {}, .x = {}};
      // The negative number nearest to 0.
      p.w.assign(p.rows * k, type == FloatType::kF32 ? 0x80000001 : 0x8001);
      p.x.assign(p.batch * k, 1e-44f);
      ASSERT_EQ(std::signbit(DotByDefinition(p, 0, 0)), k % 16 == 0);
      ExpectMatchesReference(p);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, FloatGemmTest, testing::ValuesIn(FloatGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

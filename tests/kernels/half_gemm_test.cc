#include "kernels/half_gemm/half_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

// IEEE 754 binary16, from its definition.
float HalfValue(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = bits / 1024 % 32;
  const int fraction = bits % 1024;
  if (exponent == 31) return sign * (fraction == 0 ? INFINITY : NAN);
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

struct HalfProblem {
  size_t rows, k, batch;
  std::vector<uint16_t> w;  // [rows, k]
  std::vector<float> x;     // [batch, k]
  size_t offset = 0;        // Misalignment of every operand, in elements.
  size_t x_gap = 0;
  size_t y_gap = 0;
};

HalfProblem RandomProblem(size_t rows, size_t k, size_t batch, std::mt19937& rng) {
  HalfProblem p = {.rows = rows, .k = k, .batch = batch, .w = {}, .x = {}};
  // Any finite half, subnormals and both zeros among them.
  std::uniform_int_distribution<int> bits(0, 0x7bff);
  std::uniform_int_distribution<int> sign(0, 1);
  std::normal_distribution<float> real;
  for (size_t i = 0; i < rows * k; ++i) {
    p.w.push_back(static_cast<uint16_t>(bits(rng) | sign(rng) << 15));
  }
  for (size_t i = 0; i < batch * k; ++i) p.x.push_back(real(rng));
  return p;
}

// The documented definition, one lane at a time; absent elements are products of +0.
float DotByDefinition(const HalfProblem& p, size_t row, size_t b) {
  float lane[16];
  for (size_t j = 0; j < 16; ++j) {
    lane[j] = 0;
    for (size_t i = j; i < (p.k + 15) / 16 * 16; i += 16) {
      const float w = i < p.k ? HalfValue(p.w[row * p.k + i]) : 0;
      lane[j] = std::fma(w, i < p.k ? p.x[b * p.k + i] : 0, lane[j]);
    }
  }
  for (size_t j = 0; j < 8; ++j) lane[j] += lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] += lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] += lane[j + 2];
  return lane[0] + lane[1];
}

class HalfGemmTest : public testing::TestWithParam<HalfGemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const HalfProblem& p) {
    SCOPED_TRACE(testing::Message() << p.rows << " rows, k " << p.k << ", batch " << p.batch << ", offset "
                                    << p.offset);
    const size_t x_stride = p.k + p.x_gap;
    const size_t y_stride = p.rows + p.y_gap;
    Guarded<uint16_t> w(p.rows * p.k, 0x7e00, p.offset);  // A NaN.
    std::ranges::copy(p.w, w.data());
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
                    .y_stride = y_stride});
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

TEST_P(HalfGemmTest, MatchesReferenceForAnyTail) {
  std::mt19937 rng(1);
  for (size_t k = 1; k <= 50; ++k) {
    for (size_t batch : {1, 2, 5}) ExpectMatchesReference(RandomProblem(5, k, batch, rng));
  }
}

TEST_P(HalfGemmTest, MatchesReferenceForAnyBatchAndRowCount) {
  std::mt19937 rng(2);
  for (size_t batch = 1; batch <= 17; ++batch) {
    for (size_t rows = 1; rows <= 9; ++rows) ExpectMatchesReference(RandomProblem(rows, 40, batch, rng));
  }
}

TEST_P(HalfGemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t k : {640, 2560, 6912}) {
    for (size_t batch : {1, 4}) ExpectMatchesReference(RandomProblem(7, k, batch, rng));
  }
}

TEST_P(HalfGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(4);
  for (size_t offset = 0; offset <= 16; ++offset) {
    HalfProblem p = RandomProblem(6, 35, 3, rng);
    p.offset = offset;
    p.x_gap = offset;
    p.y_gap = 17 - offset;
    ExpectMatchesReference(p);
  }
}

TEST_P(HalfGemmTest, WidensEveryHalf) {
  // One product by 1 in each row: the half itself, but that +0 takes the sign of -0.
  HalfProblem p = {.rows = 65536, .k = 1, .batch = 1, .w = {}, .x = {1.0f}};
  for (uint32_t bits = 0; bits < 65536; ++bits) p.w.push_back(static_cast<uint16_t>(bits));
  ExpectMatchesReference(p);
}

TEST_P(HalfGemmTest, MatchesReferenceForHugeAndTinyFloats) {
  std::mt19937 rng(5);
  for (float magnitude : {1e-45f, 1e-39f, 1e-30f, 1e30f, 3e38f}) {
    for (size_t k : {7, 16, 45}) {
      HalfProblem p = RandomProblem(4, k, 2, rng);
      for (float& v : p.x) v = std::copysign(magnitude, v);
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(HalfGemmTest, AddsAbsentElementsAsPositiveZeros) {
  // Every product underflows to -0, so every lane that got one is -0: without the absent +0, so is the
  // result.
  for (size_t k : {16, 19, 32, 47}) {
    HalfProblem p = {.rows = 5, .k = k, .batch = 2, .w = {}, .x = {}};
    p.w.assign(p.rows * k, 0x8001);
    p.x.assign(p.batch * k, 1e-44f);
    ASSERT_EQ(std::signbit(DotByDefinition(p, 0, 0)), k % 16 == 0);
    ExpectMatchesReference(p);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, HalfGemmTest, testing::ValuesIn(HalfGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

#include "kernels/sign_gemm/sign_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <type_traits>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 8;  // Of a tile.

struct SignProblem {
  size_t tiles, k, batch;
  std::vector<int> w;            // [tiles * 8, k] of -1 and 1.
  std::vector<float> row_scale;  // [tiles * 8]
  std::vector<float> x;          // [batch, k]; of -1, 0 and 1 where they are to be bits.
  std::vector<float> x_scale;    // [batch]
  size_t offset = 0;             // Misalignment of every operand, in elements.
  size_t x_gap = 0;              // Elements, or words, between rows of x.
  size_t y_gap = 0;
};

enum class Activations { kBinary, kTernary, kFloat };

SignProblem RandomProblem(Activations kind, size_t tiles, size_t k, size_t batch, std::mt19937& rng) {
  SignProblem p = {.tiles = tiles, .k = k, .batch = batch, .w = {}, .row_scale = {}, .x = {}, .x_scale = {}};
  std::uniform_int_distribution<int> trit(-1, 1);
  std::normal_distribution<float> real;
  for (size_t i = 0; i < tiles * kRows * k; ++i) p.w.push_back(rng() % 2 == 0 ? 1 : -1);
  for (size_t i = 0; i < tiles * kRows; ++i) p.row_scale.push_back(real(rng));
  for (size_t i = 0; i < batch * k; ++i) {
    p.x.push_back(kind == Activations::kBinary    ? (rng() % 2 == 0 ? 1.0f : -1.0f)
                  : kind == Activations::kTernary ? static_cast<float>(trit(rng))
                                                  : real(rng));
  }
  for (size_t i = 0; i < batch; ++i) p.x_scale.push_back(real(rng));
  return p;
}

SignProblem ConstantProblem(size_t tiles, size_t k, size_t batch, int w, float x) {
  return {.tiles = tiles,
          .k = k,
          .batch = batch,
          .w = std::vector<int>(tiles * kRows * k, w),
          .row_scale = std::vector<float>(tiles * kRows, 0.37f),
          .x = std::vector<float>(batch * k, x),
          .x_scale = std::vector<float>(batch, 1.7f)};
}

// The packed layout, straight from its description: row r of a tile has bytes 8r .. 8r+7 of each 64-byte
// block, weight j of the block is bit j % 8 of byte j / 8, and 1 is +1.
std::vector<uint8_t> PackByDescription(const SignProblem& p) {
  std::vector<uint8_t> packed(p.tiles * kRows * p.k / 8);
  for (size_t row = 0; row < p.tiles * kRows; ++row) {
    for (size_t k = 0; k < p.k; ++k) {
      const size_t block = row / kRows * (p.k / 64) + k / 64;
      const size_t byte = block * 64 + 8 * (row % kRows) + k % 64 / 8;
      if (p.w[row * p.k + k] > 0) packed[byte] |= static_cast<uint8_t>(1 << (k % 8));
    }
  }
  return packed;
}

// What every product here starts from and compares with.
struct Operands {
  explicit Operands(const SignProblem& p)
      : rows(p.tiles * kRows),
        y_stride(rows + p.y_gap),
        w(rows * p.k / 8, 0xff, p.offset),
        row_scale(rows, kNaN, p.offset),
        y(p.batch * y_stride - p.y_gap, kNaN, p.offset) {
    std::ranges::copy(PackByDescription(p), w.data());
    std::ranges::copy(p.row_scale, row_scale.data());
  }

  size_t rows, y_stride;
  Guarded<uint8_t> w;
  Guarded<float> row_scale;
  Guarded<float> y;
};

template <typename Kernel>
class SignGemmTest : public testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), this->GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << this->GetParam().name;
    }
  }

  // Runs bit planes; `minus` and `nonzero` only where the kernel may read them.
  static void ExpectMatchesReference(const SignProblem& p, bool ternary) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, k " << p.k << ", batch " << p.batch << ", offset "
                                    << p.offset);
    Operands o(p);
    const size_t words = p.k / 64;
    const size_t x_stride = words + p.x_gap;
    constexpr uint64_t kPoison = 0x5555555555555555;
    Guarded<uint64_t> plus(p.batch * x_stride - p.x_gap, kPoison, p.offset);
    Guarded<uint64_t> minus(p.batch * x_stride - p.x_gap, kPoison, p.offset);
    Guarded<int32_t> nonzero(p.batch, 1 << 20, p.offset);
    Guarded<float> x_scale(p.batch, kNaN, p.offset);
    std::ranges::copy(p.x_scale, x_scale.data());
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t i = 0; i < words; ++i) plus[b * x_stride + i] = minus[b * x_stride + i] = 0;
      nonzero[b] = 0;
      for (size_t k = 0; k < p.k; ++k) {
        const float x = p.x[b * p.k + k];
        plus[b * x_stride + k / 64] |= uint64_t{x > 0} << (k % 64);
        minus[b * x_stride + k / 64] |= uint64_t{x < 0} << (k % 64);
        nonzero[b] += x != 0 ? 1 : 0;
      }
    }
    SignGemmTest::GetParam().run({.tiles = p.tiles,
                                  .k = p.k,
                                  .batch = p.batch,
                                  .w = o.w.data(),
                                  .row_scale = o.row_scale.data(),
                                  .plus = plus.data(),
                                  .minus = ternary ? minus.data() : nullptr,
                                  .x_stride = x_stride,
                                  .nonzero = ternary ? nonzero.data() : nullptr,
                                  .x_scale = x_scale.data(),
                                  .y = o.y.data(),
                                  .y_stride = o.y_stride});
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < o.rows; ++row) {
        int64_t sum = 0;
        for (size_t k = 0; k < p.k; ++k) sum += p.w[row * p.k + k] * static_cast<int>(p.x[b * p.k + k]);
        const float expected = static_cast<float>(sum) * (p.row_scale[row] * p.x_scale[b]);
        ASSERT_TRUE(SameBits(o.y[b * o.y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << o.y[b * o.y_stride + row] << ", not " << expected;
      }
    }
    o.y.ExpectGuardsIntact(p.batch, o.rows, o.y_stride);
  }

  // Runs float activations.
  static void ExpectMatchesReference(const SignProblem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, k " << p.k << ", batch " << p.batch << ", offset "
                                    << p.offset);
    Operands o(p);
    const size_t x_stride = p.k + p.x_gap;
    Guarded<float> x(p.batch * x_stride - p.x_gap, kNaN, p.offset);
    for (size_t b = 0; b < p.batch; ++b) std::copy_n(&p.x[b * p.k], p.k, x.data() + b * x_stride);
    SignGemmTest::GetParam().run({.tiles = p.tiles,
                                  .k = p.k,
                                  .batch = p.batch,
                                  .w = o.w.data(),
                                  .row_scale = o.row_scale.data(),
                                  .x = x.data(),
                                  .x_stride = x_stride,
                                  .y = o.y.data(),
                                  .y_stride = o.y_stride});
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < o.rows; ++row) {
        float lane[16] = {};
        for (size_t k = 0; k < p.k; ++k) {
          lane[k % 16] = lane[k % 16] + static_cast<float>(p.w[row * p.k + k]) * p.x[b * p.k + k];
        }
        for (size_t j = 0; j < 8; ++j) lane[j] = lane[j] + lane[j + 8];
        for (size_t j = 0; j < 4; ++j) lane[j] = lane[j] + lane[j + 4];
        for (size_t j = 0; j < 2; ++j) lane[j] = lane[j] + lane[j + 2];
        const float expected = p.row_scale[row] * (lane[0] + lane[1]);
        ASSERT_TRUE(SameBits(o.y[b * o.y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << o.y[b * o.y_stride + row] << ", not " << expected;
      }
    }
    o.y.ExpectGuardsIntact(p.batch, o.rows, o.y_stride);
  }

  static void ExpectMatches(Activations kind, const SignProblem& p) {
    if constexpr (std::is_same_v<Kernel, SignFloatGemmKernel>) {
      ASSERT_EQ(kind, Activations::kFloat);
      ExpectMatchesReference(p);
    } else {
      ExpectMatchesReference(p, kind == Activations::kTernary);
    }
  }

  static void AnyBatch(Activations kind) {
    std::mt19937 rng(1);
    for (size_t batch = 1; batch <= 17; ++batch) {
      for (size_t tiles : {1, 2, 3}) ExpectMatches(kind, RandomProblem(kind, tiles, 192, batch, rng));
    }
  }

  // Past 31 and 62 blocks, where variants widen their counts.
  static void AnyNumberOfBlocks(Activations kind) {
    std::mt19937 rng(2);
    for (size_t blocks = 1; blocks <= 65; ++blocks) {
      for (size_t batch : {1, 3}) ExpectMatches(kind, RandomProblem(kind, 2, 64 * blocks, batch, rng));
    }
  }

  static void ModelShapes(Activations kind) {
    std::mt19937 rng(3);
    for (size_t k : {256, 768, 2560, 6912}) {
      for (size_t batch : {1, 2, 9}) ExpectMatches(kind, RandomProblem(kind, 5, k, batch, rng));
    }
  }

  static void AnyMisalignmentAndStride(Activations kind) {
    std::mt19937 rng(4);
    for (size_t offset = 0; offset <= 16; ++offset) {
      for (size_t batch : {1, 2, 5}) {
        SignProblem p = RandomProblem(kind, 3, 128, batch, rng);
        p.offset = offset;
        p.x_gap = offset;
        p.y_gap = 17 - offset;
        ExpectMatches(kind, p);
      }
    }
  }

  static void AnyPartOfABatch(Activations kind) {
    std::mt19937 rng(5);
    const SignProblem whole = RandomProblem(kind, 2, 192, 11, rng);
    for (size_t first = 1; first < whole.batch; ++first) {
      // Columns `first` .. 10 alone match the same reference as within the whole.
      SignProblem part = whole;
      part.batch = whole.batch - first;
      part.x.erase(part.x.begin(), part.x.begin() + static_cast<ptrdiff_t>(first * part.k));
      part.x_scale.erase(part.x_scale.begin(), part.x_scale.begin() + static_cast<ptrdiff_t>(first));
      ExpectMatches(kind, part);
    }
  }

  static void ExtremeSums(Activations kind) {
    for (size_t k : {64, 31 * 64, 32 * 64, 8192}) {
      for (int w : {-1, 1}) {
        for (float x : {-1.0f, 1.0f}) {
          for (size_t batch : {1, 8}) ExpectMatches(kind, ConstantProblem(1, k, batch, w, x));
        }
      }
    }
  }

  // A dot product of 2^25 + 2, between two floats and closer to neither: it rounds to the even one.
  static void RoundedSum() {
    constexpr size_t kK = (size_t{1} << 25) + 64;
    const std::vector<uint8_t> w(kK * kRows / 8, 0xff);
    std::vector<uint64_t> plus(kK / 64, ~uint64_t{0});
    std::vector<uint64_t> minus(kK / 64, 0);
    minus[77] = 0x7fffffff;
    plus[77] = ~minus[77];
    const int32_t nonzero = kK;
    const std::vector<float> row_scale(kRows, 1.0f);
    const float x_scale = 1.0f;
    std::vector<float> y(kRows, kNaN);
    SignGemmTest::GetParam().run({.tiles = 1,
                                  .k = kK,
                                  .batch = 1,
                                  .w = w.data(),
                                  .row_scale = row_scale.data(),
                                  .plus = plus.data(),
                                  .minus = minus.data(),
                                  .x_stride = kK / 64,
                                  .nonzero = &nonzero,
                                  .x_scale = &x_scale,
                                  .y = y.data(),
                                  .y_stride = kRows});
    EXPECT_EQ(y, std::vector<float>(kRows, 0x1p25f));
  }
};

class SignBinaryGemmTest : public SignGemmTest<SignBitsGemmKernel> {};
TEST_P(SignBinaryGemmTest, MatchesReferenceForAnyBatch) { AnyBatch(Activations::kBinary); }
TEST_P(SignBinaryGemmTest, MatchesReferenceForAnyNumberOfBlocks) { AnyNumberOfBlocks(Activations::kBinary); }
TEST_P(SignBinaryGemmTest, MatchesReferenceForModelShapes) { ModelShapes(Activations::kBinary); }
TEST_P(SignBinaryGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  AnyMisalignmentAndStride(Activations::kBinary);
}
TEST_P(SignBinaryGemmTest, GivesTheSameBitsInAnyBatch) { AnyPartOfABatch(Activations::kBinary); }
TEST_P(SignBinaryGemmTest, HoldsExtremeSums) { ExtremeSums(Activations::kBinary); }
TEST_P(SignBinaryGemmTest, RoundsSumsThatFloatCannotHold) { RoundedSum(); }

class SignTernaryGemmTest : public SignGemmTest<SignBitsGemmKernel> {};
TEST_P(SignTernaryGemmTest, MatchesReferenceForAnyBatch) { AnyBatch(Activations::kTernary); }
TEST_P(SignTernaryGemmTest, MatchesReferenceForAnyNumberOfBlocks) {
  AnyNumberOfBlocks(Activations::kTernary);
}
TEST_P(SignTernaryGemmTest, MatchesReferenceForModelShapes) { ModelShapes(Activations::kTernary); }
TEST_P(SignTernaryGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  AnyMisalignmentAndStride(Activations::kTernary);
}
TEST_P(SignTernaryGemmTest, GivesTheSameBitsInAnyBatch) { AnyPartOfABatch(Activations::kTernary); }
TEST_P(SignTernaryGemmTest, HoldsExtremeSums) { ExtremeSums(Activations::kTernary); }
TEST_P(SignTernaryGemmTest, RoundsSumsThatFloatCannotHold) { RoundedSum(); }
TEST_P(SignTernaryGemmTest, GivesZeroForZeros) {
  for (int w : {-1, 1}) ExpectMatches(Activations::kTernary, ConstantProblem(3, 320, 4, w, 0.0f));
}

class SignFloatGemmTest : public SignGemmTest<SignFloatGemmKernel> {};
TEST_P(SignFloatGemmTest, MatchesReferenceForAnyBatch) { AnyBatch(Activations::kFloat); }
TEST_P(SignFloatGemmTest, MatchesReferenceForAnyNumberOfBlocks) { AnyNumberOfBlocks(Activations::kFloat); }
TEST_P(SignFloatGemmTest, MatchesReferenceForModelShapes) { ModelShapes(Activations::kFloat); }
TEST_P(SignFloatGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  AnyMisalignmentAndStride(Activations::kFloat);
}
TEST_P(SignFloatGemmTest, GivesTheSameBitsInAnyBatch) { AnyPartOfABatch(Activations::kFloat); }

// Zeros of both signs, subnormals, and magnitudes that overflow to infinity or cancel.
TEST_P(SignFloatGemmTest, HoldsExtremeValues) {
  for (float x : {0.0f, -0.0f, 1e-45f, -1e-45f, 1.2e-38f, 3.3e38f, -3.3e38f, INFINITY, -INFINITY}) {
    for (int w : {-1, 1}) {
      ExpectMatches(Activations::kFloat, ConstantProblem(2, 128, 3, w, x));
    }
  }
  std::mt19937 rng(6);
  SignProblem p = RandomProblem(Activations::kFloat, 2, 256, 5, rng);
  for (size_t i = 0; i < p.x.size(); ++i) p.x[i] = std::ldexp(p.x[i], static_cast<int>(rng() % 200) - 100);
  ExpectMatches(Activations::kFloat, p);
}

INSTANTIATE_TEST_SUITE_P(AllKernels, SignBinaryGemmTest, testing::ValuesIn(SignBinaryGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(AllKernels, SignTernaryGemmTest, testing::ValuesIn(SignTernaryGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(AllKernels, SignFloatGemmTest, testing::ValuesIn(SignFloatGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackSignTileTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(7);
  for (size_t k : {64, 128, 192, 2560}) {
    const SignProblem p = RandomProblem(Activations::kBinary, 1, k, 1, rng);
    Guarded<int8_t> weights(kRows * k, 55);
    std::ranges::copy(p.w, weights.data());
    Guarded<uint8_t> tile(SignTileBytes(k), 0xee, 3);
    PackSignTile(k, weights.data(), tile.data());
    EXPECT_EQ(std::vector<uint8_t>(tile.data(), tile.data() + tile.size()), PackByDescription(p));
    tile.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/ternary_gemm/ternary_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 16;  // Of a tile.

struct TernaryProblem {
  size_t tiles, k, batch;
  std::vector<int> w;         // [tiles * 16, k] of -1, 0, 1.
  std::vector<int> x;         // [batch, k] of -128 .. 127.
  std::vector<float> factor;  // [batch]
  size_t offset = 0;          // Misalignment of every operand, in elements.
  size_t x_gap = 0;           // Elements between rows of x.
  size_t y_gap = 0;
};

TernaryProblem RandomProblem(size_t tiles, size_t k, size_t batch, std::mt19937& rng) {
  TernaryProblem p = {.tiles = tiles, .k = k, .batch = batch, .w = {}, .x = {}, .factor = {}};
  std::uniform_int_distribution<int> trit(-1, 1);
  std::uniform_int_distribution<int> byte(-128, 127);
  std::uniform_real_distribution<float> real(-2, 2);
  for (size_t i = 0; i < tiles * kRows * k; ++i) p.w.push_back(trit(rng));
  for (size_t i = 0; i < batch * k; ++i) p.x.push_back(byte(rng));
  for (size_t i = 0; i < batch; ++i) p.factor.push_back(real(rng));
  return p;
}

TernaryProblem ConstantProblem(size_t tiles, size_t k, size_t batch, int w, int x) {
  return {.tiles = tiles,
          .k = k,
          .batch = batch,
          .w = std::vector<int>(tiles * kRows * k, w),
          .x = std::vector<int>(batch * k, x),
          .factor = std::vector<float>(batch, 0.37f)};
}

// The packed layout, straight from its description: byte 4r + i of a block, bits 2p+1:2p, is row r, k offset
// 4p + i.
std::vector<uint8_t> PackByDescription(const TernaryProblem& p) {
  std::vector<uint8_t> packed(p.tiles * kRows * p.k / 4);
  for (size_t row = 0; row < p.tiles * kRows; ++row) {
    for (size_t k = 0; k < p.k; ++k) {
      const size_t block = row / kRows * (p.k / 16) + k / 16;
      const size_t byte = block * 64 + 4 * (row % kRows) + k % 4;
      packed[byte] |= static_cast<uint8_t>((p.w[row * p.k + k] + 1) << (2 * (k % 16 / 4)));
    }
  }
  return packed;
}

class TernaryGemmTest : public testing::TestWithParam<TernaryGemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const TernaryProblem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, k " << p.k << ", batch " << p.batch << ", offset "
                                    << p.offset);
    // Poison that would show: all codes 3, x of 127.
    const size_t rows = p.tiles * kRows;
    const size_t x_stride = p.k + p.x_gap;
    const size_t y_stride = rows + p.y_gap;
    Guarded<uint8_t> w(p.tiles * kRows * p.k / 4, 0xff, p.offset);
    std::ranges::copy(PackByDescription(p), w.data());
    Guarded<int8_t> x(p.batch * x_stride - p.x_gap, 127, p.offset);
    Guarded<int32_t> x_sum(p.batch, 1 << 20, p.offset);
    Guarded<float> factor(p.batch, kNaN, p.offset);
    for (size_t b = 0; b < p.batch; ++b) {
      x_sum[b] = 0;
      for (size_t k = 0; k < p.k; ++k) {
        x[b * x_stride + k] = static_cast<int8_t>(p.x[b * p.k + k]);
        x_sum[b] += p.x[b * p.k + k];
      }
      factor[b] = p.factor[b];
    }
    Guarded<float> y(p.batch * y_stride - p.y_gap, kNaN, p.offset);
    GetParam().run({.tiles = p.tiles,
                    .k = p.k,
                    .batch = p.batch,
                    .w = w.data(),
                    .x = x.data(),
                    .x_stride = x_stride,
                    .x_sum = x_sum.data(),
                    .factor = factor.data(),
                    .y = y.data(),
                    .y_stride = y_stride});
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < rows; ++row) {
        int64_t sum = 0;
        for (size_t k = 0; k < p.k; ++k) sum += p.w[row * p.k + k] * p.x[b * p.k + k];
        const float expected = static_cast<float>(sum) * p.factor[b];
        ASSERT_TRUE(SameBits(y[b * y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << y[b * y_stride + row] << ", not " << expected;
      }
    }
    y.ExpectGuardsIntact(p.batch, rows, y_stride);
  }
};

TEST_P(TernaryGemmTest, MatchesReferenceForAnyBatch) {
  std::mt19937 rng(1);
  for (size_t batch = 1; batch <= 17; ++batch) {
    for (size_t tiles : {1, 2, 3}) ExpectMatchesReference(RandomProblem(tiles, 80, batch, rng));
  }
}

TEST_P(TernaryGemmTest, MatchesReferenceForAnyNumberOfBlocks) {
  std::mt19937 rng(2);
  for (size_t blocks = 1; blocks <= 35; ++blocks) {
    for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(2, 16 * blocks, batch, rng));
  }
}

TEST_P(TernaryGemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t k : {640, 2560, 6912}) {
    for (size_t batch : {1, 2, 9}) ExpectMatchesReference(RandomProblem(5, k, batch, rng));
  }
}

TEST_P(TernaryGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(4);
  for (size_t offset = 0; offset <= 16; ++offset) {
    for (size_t batch : {1, 2, 5}) {
      TernaryProblem p = RandomProblem(3, 48, batch, rng);
      p.offset = offset;
      p.x_gap = offset;
      p.y_gap = 17 - offset;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(TernaryGemmTest, HoldsExtremeSums) {
  // 8192 is past every narrow accumulator; 6912 is the largest k of a real model.
  for (size_t k : {256, 272, 6912, 8192}) {
    for (size_t batch : {1, 4, 8}) {
      for (int w : {-1, 0, 1}) {
        for (int x : {-128, 127}) ExpectMatchesReference(ConstantProblem(2, k, batch, w, x));
      }
    }
  }
}

TEST_P(TernaryGemmTest, HoldsTheLargestSumsOfHugeK) {
  // Past 2^19 and 2^21, where variants change their accumulation.
  for (size_t k : {(size_t{1} << 19) - 16, size_t{1} << 19, (size_t{1} << 21) + 16}) {
    for (int x : {-128, 127}) ExpectMatchesReference(ConstantProblem(1, k, 1, 1, x));
  }
}

TEST_P(TernaryGemmTest, GivesTheSameBitsInAnyBatch) {
  std::mt19937 rng(5);
  const TernaryProblem whole = RandomProblem(2, 144, 11, rng);
  for (size_t first = 1; first < whole.batch; ++first) {
    // Columns `first` .. 10 alone match the same reference as within the whole.
    TernaryProblem part = whole;
    part.batch = whole.batch - first;
    part.x.erase(part.x.begin(), part.x.begin() + static_cast<ptrdiff_t>(first * part.k));
    part.factor.erase(part.factor.begin(), part.factor.begin() + static_cast<ptrdiff_t>(first));
    ExpectMatchesReference(part);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, TernaryGemmTest, testing::ValuesIn(TernaryGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackTernaryTileTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(6);
  for (size_t k : {16, 32, 48, 2560}) {
    const TernaryProblem p = RandomProblem(1, k, 1, rng);
    Guarded<int8_t> weights(kRows * k, 55);
    std::ranges::copy(p.w, weights.data());
    Guarded<uint8_t> tile(TernaryTileBytes(k), 0xee, 3);
    PackTernaryTile(k, weights.data(), tile.data());
    EXPECT_EQ(std::vector<uint8_t>(tile.data(), tile.data() + tile.size()), PackByDescription(p));
    tile.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

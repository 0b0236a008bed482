#include "kernels/int6_gemm/int6_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/float_bits.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 16;   // Of a tile.
constexpr size_t kGroup = 32;  // Weights that share a scale.

struct Int6Problem {
  size_t tiles, groups, batch;
  std::vector<int> w;             // [tiles * 16, k] of -32 .. 31.
  std::vector<uint16_t> w_scale;  // [tiles * 16, groups]
  std::vector<int> x;             // [batch, k] of -128 .. 127.
  std::vector<float> x_inv;       // [batch, groups]
  size_t offset = 0;              // Misalignment of every operand, in elements.
  size_t x_gap = 0;               // Elements between rows of x.
  size_t y_gap = 0;

  size_t rows() const { return tiles * kRows; }
  size_t k() const { return groups * kGroup; }
};

Int6Problem RandomProblem(size_t tiles, size_t groups, size_t batch, std::mt19937& rng) {
  Int6Problem p = {
      .tiles = tiles, .groups = groups, .batch = batch, .w = {}, .w_scale = {}, .x = {}, .x_inv = {}};
  std::uniform_int_distribution<int> weight(-32, 31);
  std::uniform_int_distribution<int> byte(-128, 127);
  std::uniform_real_distribution<float> real(0, 2);
  for (size_t i = 0; i < p.rows() * p.k(); ++i) p.w.push_back(weight(rng));
  // Any finite half of either sign, subnormals and zeros among them.
  for (size_t i = 0; i < p.rows() * groups; ++i) {
    p.w_scale.push_back(static_cast<uint16_t>(rng() % 0x7c00 | (rng() & 1) << 15));
  }
  for (size_t i = 0; i < batch * p.k(); ++i) p.x.push_back(byte(rng));
  for (size_t i = 0; i < batch * groups; ++i) p.x_inv.push_back(real(rng));
  return p;
}

// The packed layout, straight from its description.
std::vector<uint8_t> PackByDescription(const Int6Problem& p) {
  std::vector<uint8_t> packed(p.tiles * p.groups * 384);
  for (size_t row = 0; row < p.rows(); ++row) {
    for (size_t k = 0; k < p.k(); ++k) {
      const int code = p.w[row * p.k() + k] + 32;
      uint8_t* group = packed.data() + (row / kRows * p.groups + k / kGroup) * 384;
      const size_t at = k % kGroup;
      const size_t byte = 4 * (row % kRows) + at % 4;
      group[64 * (at / 8) + byte] |= static_cast<uint8_t>((code & 15) << (at % 8 < 4 ? 0 : 4));
      group[64 * (4 + at / 16) + byte] |= static_cast<uint8_t>(code >> 4 << 2 * (at % 16 / 4));
    }
  }
  return packed;
}

float ResultByDefinition(const Int6Problem& p, size_t row, size_t b) {
  float acc = 0.0f;
  for (size_t g = 0; g < p.groups; ++g) {
    int64_t sum = 0;
    for (size_t k = g * kGroup; k < (g + 1) * kGroup; ++k) sum += p.w[row * p.k() + k] * p.x[b * p.k() + k];
    const float scale = HalfValue(p.w_scale[row * p.groups + g]) * p.x_inv[b * p.groups + g];
    acc = std::fma(static_cast<float>(sum), scale, acc);
  }
  return acc;
}

class Int6GemmTest : public testing::TestWithParam<Int6GemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const Int6Problem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, " << p.groups << " groups, batch " << p.batch
                                    << ", offset " << p.offset);
    // Poison that would show: all bits 1, x of 127, NaNs.
    const size_t x_stride = p.k() + p.x_gap;
    const size_t y_stride = p.rows() + p.y_gap;
    const std::vector<uint8_t> packed = PackByDescription(p);
    Guarded<uint8_t> w(packed.size(), 0xff, p.offset);
    std::ranges::copy(packed, w.data());
    Guarded<uint16_t> w_scale(p.rows() * p.groups, 0x7e00, p.offset);
    for (size_t row = 0; row < p.rows(); ++row) {
      for (size_t g = 0; g < p.groups; ++g) {
        w_scale[(row / kRows * p.groups + g) * kRows + row % kRows] = p.w_scale[row * p.groups + g];
      }
    }
    Guarded<int8_t> x(p.batch * x_stride - p.x_gap, 127, p.offset);
    Guarded<int32_t> x_sum(p.batch * p.groups, 1 << 20, p.offset);
    Guarded<float> x_inv(p.batch * p.groups, kNaN, p.offset);
    std::ranges::copy(p.x_inv, x_inv.data());
    for (size_t i = 0; i < p.batch * p.groups; ++i) x_sum[i] = 0;
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t k = 0; k < p.k(); ++k) {
        x[b * x_stride + k] = static_cast<int8_t>(p.x[b * p.k() + k]);
        x_sum[b * p.groups + k / kGroup] += p.x[b * p.k() + k];
      }
    }
    Guarded<float> y(p.batch * y_stride - p.y_gap, kNaN, p.offset);
    GetParam().run({.tiles = p.tiles,
                    .k = p.k(),
                    .batch = p.batch,
                    .w = w.data(),
                    .w_scale = w_scale.data(),
                    .x = x.data(),
                    .x_stride = x_stride,
                    .x_sum = x_sum.data(),
                    .x_inv = x_inv.data(),
                    .y = y.data(),
                    .y_stride = y_stride});
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < p.rows(); ++row) {
        const float expected = ResultByDefinition(p, row, b);
        ASSERT_TRUE(SameBits(y[b * y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << y[b * y_stride + row] << ", not " << expected;
      }
    }
    y.ExpectGuardsIntact(p.batch, p.rows(), y_stride);
  }
};

TEST_P(Int6GemmTest, MatchesReferenceForAnyBatch) {
  std::mt19937 rng(1);
  for (size_t batch = 1; batch <= 17; ++batch) {
    for (size_t tiles : {1, 2, 3}) ExpectMatchesReference(RandomProblem(tiles, 3, batch, rng));
  }
}

TEST_P(Int6GemmTest, MatchesReferenceForAnyNumberOfGroups) {
  std::mt19937 rng(2);
  for (size_t groups = 1; groups <= 20; ++groups) {
    for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(3, groups, batch, rng));
  }
}

TEST_P(Int6GemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t k : {256, 2560, 4096}) {
    for (size_t batch : {1, 2, 9}) ExpectMatchesReference(RandomProblem(3, k / kGroup, batch, rng));
  }
}

TEST_P(Int6GemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(4);
  for (size_t offset = 0; offset <= 16; ++offset) {
    for (size_t batch : {1, 2, 5}) {
      Int6Problem p = RandomProblem(3, 2, batch, rng);
      p.offset = offset;
      p.x_gap = offset;
      p.y_gap = 17 - offset;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(Int6GemmTest, HoldsExtremeSums) {
  // Past every narrow accumulator.
  for (size_t batch : {1, 4, 8}) {
    for (int w : {-32, 31}) {
      for (int x : {-128, 127}) {
        ExpectMatchesReference({.tiles = 2,
                                .groups = 3,
                                .batch = batch,
                                .w = std::vector<int>(2 * kRows * 3 * kGroup, w),
                                .w_scale = std::vector<uint16_t>(2 * kRows * 3, 0x2e66),  // About 0.1.
                                .x = std::vector<int>(batch * 3 * kGroup, x),
                                .x_inv = std::vector<float>(batch * 3, 0.37f)});
      }
    }
  }
}

TEST_P(Int6GemmTest, RoundsTheProductOfTheScalesFirst) {
  // Tiny scales, whose product is subnormal or nothing; large ones, whose product has more bits than a float.
  std::mt19937 rng(5);
  for (float x_inv : {1e-45f, 3e-38f, 1.0f / 3, 1e34f}) {
    Int6Problem p = RandomProblem(2, 4, 2, rng);
    for (float& v : p.x_inv) v *= x_inv;
    ExpectMatchesReference(p);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, Int6GemmTest, testing::ValuesIn(Int6GemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackInt6TileTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(6);
  for (size_t groups : {1, 2, 3, 80}) {
    const Int6Problem p = RandomProblem(1, groups, 1, rng);
    Guarded<int8_t> weights(kRows * p.k(), 55);
    std::ranges::copy(p.w, weights.data());
    Guarded<uint8_t> tile(Int6TileBytes(p.k()), 0xee, 3);
    PackInt6Tile(p.k(), weights.data(), tile.data());
    EXPECT_EQ(std::vector<uint8_t>(tile.data(), tile.data() + tile.size()), PackByDescription(p));
    tile.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/grouped_gemm/grouped_gemm.h"

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

constexpr size_t kRows = 16;  // Of a tile.
constexpr GroupedLayout kLayouts[] = {GroupedLayout::k1Bit, GroupedLayout::k2Bit};

struct GroupedProblem {
  GroupedLayout layout;
  size_t tiles, k, group, batch;
  std::vector<int> w;             // [tiles * 16, k] of -1, 1 or of -1 .. 2.
  std::vector<uint16_t> w_scale;  // [tiles * 16, k / group]
  std::vector<int> x;             // [batch, k] of -128 .. 127.
  std::vector<float> x_inv;       // [batch, k / group]
  size_t offset = 0;              // Misalignment of every operand, in elements.
  size_t x_gap = 0;               // Elements between rows of x.
  size_t y_gap = 0;
};

GroupedProblem RandomProblem(GroupedLayout layout, size_t tiles, size_t groups, size_t group, size_t batch,
                             std::mt19937& rng) {
  GroupedProblem p = {.layout = layout,
                      .tiles = tiles,
                      .k = groups * group,
                      .group = group,
                      .batch = batch,
                      .w = {},
                      .w_scale = {},
                      .x = {},
                      .x_inv = {}};
  std::uniform_int_distribution<int> byte(-128, 127);
  std::uniform_real_distribution<float> real(0, 2);
  for (size_t i = 0; i < tiles * kRows * p.k; ++i) {
    const auto draw = static_cast<int>(rng() >> 8);
    p.w.push_back(layout == GroupedLayout::k1Bit ? draw % 2 * 2 - 1 : draw % 4 - 1);
  }
  // Any finite half of either sign, subnormals and zeros among them.
  for (size_t i = 0; i < tiles * kRows * groups; ++i) {
    p.w_scale.push_back(static_cast<uint16_t>(rng() % 0x7c00 | (rng() & 1) << 15));
  }
  for (size_t i = 0; i < batch * p.k; ++i) p.x.push_back(byte(rng));
  for (size_t i = 0; i < batch * groups; ++i) p.x_inv.push_back(real(rng));
  return p;
}

GroupedProblem ConstantProblem(GroupedLayout layout, size_t groups, size_t group, size_t batch, int w,
                               int x) {
  return {.layout = layout,
          .tiles = 2,
          .k = groups * group,
          .group = group,
          .batch = batch,
          .w = std::vector<int>(2 * kRows * groups * group, w),
          .w_scale = std::vector<uint16_t>(2 * kRows * groups, 0x2e66),  // About 0.1.
          .x = std::vector<int>(batch * groups * group, x),
          .x_inv = std::vector<float>(batch * groups, 0.37f)};
}

// The packed layouts, straight from their descriptions: bit p, or bits 2p+1:2p, of byte 4r + i of a block is
// row r, k offset 4p + i.
std::vector<uint8_t> PackByDescription(const GroupedProblem& p) {
  const bool one_bit = p.layout == GroupedLayout::k1Bit;
  const size_t block_k = one_bit ? 32 : 16;
  std::vector<uint8_t> packed(p.tiles * (p.k / block_k) * 64);
  for (size_t row = 0; row < p.tiles * kRows; ++row) {
    for (size_t k = 0; k < p.k; ++k) {
      const size_t block = row / kRows * (p.k / block_k) + k / block_k;
      const size_t byte = block * 64 + 4 * (row % kRows) + k % 4;
      const size_t plane = k % block_k / 4;
      const int w = p.w[row * p.k + k];
      packed[byte] |= static_cast<uint8_t>(one_bit ? (w + 1) / 2 << plane : (w + 1) << (2 * plane));
    }
  }
  return packed;
}

float ResultByDefinition(const GroupedProblem& p, size_t row, size_t b) {
  const size_t groups = p.k / p.group;
  float acc = 0.0f;
  for (size_t g = 0; g < groups; ++g) {
    int64_t sum = 0;
    for (size_t k = g * p.group; k < (g + 1) * p.group; ++k) sum += p.w[row * p.k + k] * p.x[b * p.k + k];
    const float scale = HalfValue(p.w_scale[row * groups + g]) * p.x_inv[b * groups + g];
    acc = std::fma(static_cast<float>(sum), scale, acc);
  }
  return acc;
}

class GroupedGemmTest : public testing::TestWithParam<GroupedGemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const GroupedProblem& p) {
    SCOPED_TRACE(testing::Message() << (p.layout == GroupedLayout::k1Bit ? "1 bit, " : "2 bits, ") << p.tiles
                                    << " tiles, k " << p.k << ", group " << p.group << ", batch " << p.batch
                                    << ", offset " << p.offset);
    // Poison that would show: all bits 1, x of 127, NaNs.
    const size_t rows = p.tiles * kRows;
    const size_t groups = p.k / p.group;
    const size_t x_stride = p.k + p.x_gap;
    const size_t y_stride = rows + p.y_gap;
    const std::vector<uint8_t> packed = PackByDescription(p);
    Guarded<uint8_t> w(packed.size(), 0xff, p.offset);
    std::ranges::copy(packed, w.data());
    Guarded<uint16_t> w_scale(rows * groups, 0x7e00, p.offset);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t g = 0; g < groups; ++g) {
        w_scale[(row / kRows * groups + g) * kRows + row % kRows] = p.w_scale[row * groups + g];
      }
    }
    Guarded<int8_t> x(p.batch * x_stride - p.x_gap, 127, p.offset);
    Guarded<int32_t> x_sum(p.batch * groups, 1 << 20, p.offset);
    Guarded<float> x_inv(p.batch * groups, kNaN, p.offset);
    std::ranges::copy(p.x_inv, x_inv.data());
    for (size_t i = 0; i < p.batch * groups; ++i) x_sum[i] = 0;
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t k = 0; k < p.k; ++k) {
        x[b * x_stride + k] = static_cast<int8_t>(p.x[b * p.k + k]);
        x_sum[b * groups + k / p.group] += p.x[b * p.k + k];
      }
    }
    Guarded<float> y(p.batch * y_stride - p.y_gap, kNaN, p.offset);
    GetParam().run({.layout = p.layout,
                    .tiles = p.tiles,
                    .k = p.k,
                    .group = p.group,
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
      for (size_t row = 0; row < rows; ++row) {
        const float expected = ResultByDefinition(p, row, b);
        ASSERT_TRUE(SameBits(y[b * y_stride + row], expected))
            << "row " << row << ", column " << b << ": " << y[b * y_stride + row] << ", not " << expected;
      }
    }
    y.ExpectGuardsIntact(p.batch, rows, y_stride);
  }
};

TEST_P(GroupedGemmTest, MatchesReferenceForAnyBatch) {
  std::mt19937 rng(1);
  for (GroupedLayout layout : kLayouts) {
    for (size_t batch = 1; batch <= 17; ++batch) {
      for (size_t tiles : {1, 2, 3}) ExpectMatchesReference(RandomProblem(layout, tiles, 3, 32, batch, rng));
    }
  }
}

TEST_P(GroupedGemmTest, MatchesReferenceForAnyGroupSize) {
  std::mt19937 rng(2);
  for (GroupedLayout layout : kLayouts) {
    for (size_t blocks = 1; blocks <= 35; ++blocks) {
      const size_t group = blocks * GroupedBlockK(layout);
      for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(layout, 2, 2, group, batch, rng));
    }
  }
}

TEST_P(GroupedGemmTest, MatchesReferenceForAnyNumberOfGroups) {
  std::mt19937 rng(3);
  for (GroupedLayout layout : kLayouts) {
    for (size_t groups = 1; groups <= 20; ++groups) {
      for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(layout, 3, groups, 64, batch, rng));
    }
  }
}

TEST_P(GroupedGemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(4);
  for (GroupedLayout layout : kLayouts) {
    for (size_t group : {32, 64, 128, 256, 2560}) {
      for (size_t batch : {1, 2, 9}) {
        ExpectMatchesReference(RandomProblem(layout, 3, 2560 / group, group, batch, rng));
      }
    }
  }
}

TEST_P(GroupedGemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(5);
  for (GroupedLayout layout : kLayouts) {
    for (size_t offset = 0; offset <= 16; ++offset) {
      for (size_t batch : {1, 2, 5}) {
        GroupedProblem p = RandomProblem(layout, 3, 2, 64, batch, rng);
        p.offset = offset;
        p.x_gap = offset;
        p.y_gap = 17 - offset;
        ExpectMatchesReference(p);
      }
    }
  }
}

TEST_P(GroupedGemmTest, HoldsExtremeSums) {
  // Past every narrow accumulator.
  for (GroupedLayout layout : kLayouts) {
    for (size_t group : {160, 256, 512, 544, 8192}) {
      for (size_t batch : {1, 4, 8}) {
        for (int w : {-1, 1, 2}) {
          if (w == 2 && layout == GroupedLayout::k1Bit) continue;
          for (int x : {-128, 127}) ExpectMatchesReference(ConstantProblem(layout, 2, group, batch, w, x));
        }
      }
    }
  }
}

TEST_P(GroupedGemmTest, HoldsTheLargestSumsOfTheLargestGroup) {
  for (GroupedLayout layout : kLayouts) {
    const int w = layout == GroupedLayout::k1Bit ? 1 : 2;
    for (size_t batch : {1, 2}) {
      for (int x : {-128, 127})
        ExpectMatchesReference(ConstantProblem(layout, 1, (1 << 18) - 32, batch, w, x));
    }
  }
}

TEST_P(GroupedGemmTest, GivesPositiveZeroForScalesOfZero) {
  // Rows that a matrix does not have: weights are whatever they are.
  std::mt19937 rng(6);
  for (GroupedLayout layout : kLayouts) {
    for (size_t batch : {1, 3}) {
      GroupedProblem p = RandomProblem(layout, 1, 3, 64, batch, rng);
      for (size_t row = 5; row < kRows; ++row) {
        for (size_t g = 0; g < 3; ++g) p.w_scale[row * 3 + g] = 0;
      }
      ASSERT_TRUE(SameBits(ResultByDefinition(p, 5, 0), 0.0f));
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(GroupedGemmTest, RoundsTheProductOfTheScalesFirst) {
  // Tiny scales, whose product is subnormal or nothing; large ones, whose product has more bits than a float.
  std::mt19937 rng(7);
  for (GroupedLayout layout : kLayouts) {
    for (float x_inv : {1e-45f, 3e-38f, 1.0f / 3, 1e34f}) {
      GroupedProblem p = RandomProblem(layout, 2, 4, 32, 2, rng);
      for (float& v : p.x_inv) v *= x_inv;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(GroupedGemmTest, GivesTheSameBitsInAnyBatch) {
  std::mt19937 rng(8);
  for (GroupedLayout layout : kLayouts) {
    const GroupedProblem whole = RandomProblem(layout, 2, 3, 96, 11, rng);
    for (size_t first = 1; first < whole.batch; ++first) {
      // Columns `first` .. 10 alone match the same reference as within the whole.
      GroupedProblem part = whole;
      part.batch = whole.batch - first;
      part.x.erase(part.x.begin(), part.x.begin() + static_cast<ptrdiff_t>(first * part.k));
      part.x_inv.erase(part.x_inv.begin(), part.x_inv.begin() + static_cast<ptrdiff_t>(first * 3));
      ExpectMatchesReference(part);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, GroupedGemmTest, testing::ValuesIn(GroupedGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackGroupedTileTest, FollowsTheDescribedLayouts) {
  std::mt19937 rng(9);
  for (GroupedLayout layout : kLayouts) {
    for (size_t k : {32, 64, 96, 2560}) {
      const GroupedProblem p = RandomProblem(layout, 1, 1, k, 1, rng);
      Guarded<int8_t> weights(kRows * k, 55);
      std::ranges::copy(p.w, weights.data());
      Guarded<uint8_t> tile(GroupedTileBytes(layout, k), 0xee, 3);
      PackGroupedTile(layout, k, weights.data(), tile.data());
      EXPECT_EQ(std::vector<uint8_t>(tile.data(), tile.data() + tile.size()), PackByDescription(p));
      tile.ExpectGuardsIntact();
    }
  }
}

}  // namespace
}  // namespace bitnet

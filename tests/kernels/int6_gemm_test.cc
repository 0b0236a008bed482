#include "kernels/int6_gemm/int6_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 16;  // Of a tile.
constexpr size_t kBlock = 32;

struct Int6Problem {
  size_t tiles, blocks, batch;
  std::vector<int> w;            // [tiles * 16, k] of -32 .. 31.
  std::vector<int> w_scale;      // [tiles * 16, k / 16] of -127 .. 127.
  std::vector<float> row_scale;  // [tiles * 16]
  std::vector<int> x;            // [batch, k] of -127 .. 127.
  std::vector<float> x_scale;    // [batch]
  size_t offset = 0;             // Misalignment of every operand, in elements.
  size_t x_gap = 0;              // Elements between rows of x, and of its sums.
  size_t y_gap = 0;

  size_t rows() const { return tiles * kRows; }
  size_t k() const { return blocks * kBlock; }
  size_t groups() const { return 2 * blocks; }
};

Int6Problem RandomProblem(size_t tiles, size_t blocks, size_t batch, std::mt19937& rng) {
  Int6Problem p = {.tiles = tiles,
                   .blocks = blocks,
                   .batch = batch,
                   .w = {},
                   .w_scale = {},
                   .row_scale = {},
                   .x = {},
                   .x_scale = {}};
  std::uniform_int_distribution<int> weight(-32, 31);
  std::uniform_int_distribution<int> byte(-127, 127);
  std::uniform_real_distribution<float> real(-2, 2);
  for (size_t i = 0; i < p.rows() * p.k(); ++i) p.w.push_back(weight(rng));
  for (size_t i = 0; i < p.rows() * p.groups(); ++i) p.w_scale.push_back(byte(rng));
  for (size_t i = 0; i < p.rows(); ++i) p.row_scale.push_back(real(rng));
  for (size_t i = 0; i < batch * p.k(); ++i) p.x.push_back(byte(rng));
  for (size_t i = 0; i < batch; ++i) p.x_scale.push_back(real(rng));
  return p;
}

// The packed layout, straight from its description.
std::vector<uint8_t> PackByDescription(const Int6Problem& p) {
  std::vector<uint8_t> packed(p.tiles * p.blocks * 384);
  for (size_t row = 0; row < p.rows(); ++row) {
    for (size_t k = 0; k < p.k(); ++k) {
      const int code = p.w[row * p.k() + k] + 32;
      uint8_t* block = packed.data() + (row / kRows * p.blocks + k / kBlock) * 384;
      const size_t at = k % kBlock;
      const size_t byte = 4 * (row % kRows) + at % 4;
      block[64 * (at / 8) + byte] |= static_cast<uint8_t>((code & 15) << (at % 8 < 4 ? 0 : 4));
      block[64 * (4 + at / 16) + byte] |= static_cast<uint8_t>(code >> 4 << 2 * (at % 16 / 4));
    }
  }
  return packed;
}

float ResultByDefinition(const Int6Problem& p, size_t row, size_t b) {
  int64_t sum = 0;
  for (size_t k = 0; k < p.k(); ++k) {
    sum += static_cast<int64_t>(p.w_scale[row * p.groups() + k / 16]) * p.w[row * p.k() + k] *
           p.x[b * p.k() + k];
  }
  return static_cast<float>(sum) * (p.row_scale[row] * p.x_scale[b]);
}

class Int6GemmTest : public testing::TestWithParam<Int6GemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const Int6Problem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, " << p.blocks << " blocks, batch " << p.batch
                                    << ", offset " << p.offset);
    // Poison that would show: all bits 1, x of 127, NaNs.
    const size_t x_stride = p.k() + p.x_gap;
    const size_t sums_stride = p.groups() + p.x_gap;
    const size_t y_stride = p.rows() + p.y_gap;
    const std::vector<uint8_t> packed = PackByDescription(p);
    Guarded<uint8_t> w(packed.size(), 0xff, p.offset);
    std::ranges::copy(packed, w.data());
    Guarded<int8_t> w_scale(p.rows() * p.groups(), 127, p.offset);
    for (size_t row = 0; row < p.rows(); ++row) {
      for (size_t g = 0; g < p.groups(); ++g) {
        w_scale[((row / kRows * p.blocks + g / 2) * kRows + row % kRows) * 2 + g % 2] =
            static_cast<int8_t>(p.w_scale[row * p.groups() + g]);
      }
    }
    Guarded<float> row_scale(p.rows(), kNaN, p.offset);
    std::ranges::copy(p.row_scale, row_scale.data());
    Guarded<int8_t> x(p.batch * x_stride - p.x_gap, 127, p.offset);
    Guarded<int16_t> x_minus8(p.batch * sums_stride - p.x_gap, 0x7fff, p.offset);
    Guarded<float> x_scale(p.batch, kNaN, p.offset);
    std::ranges::copy(p.x_scale, x_scale.data());
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t g = 0; g < p.groups(); ++g) {
        int sum = 0;
        for (size_t k = 16 * g; k < 16 * (g + 1); ++k) {
          x[b * x_stride + k] = static_cast<int8_t>(p.x[b * p.k() + k]);
          sum += p.x[b * p.k() + k];
        }
        x_minus8[b * sums_stride + g] = static_cast<int16_t>(-8 * sum);
      }
    }
    Guarded<float> y(p.batch * y_stride - p.y_gap, kNaN, p.offset);
    GetParam().run({.tiles = p.tiles,
                    .k = p.k(),
                    .batch = p.batch,
                    .w = w.data(),
                    .w_scale = w_scale.data(),
                    .row_scale = row_scale.data(),
                    .x = x.data(),
                    .x_stride = x_stride,
                    .x_minus8 = x_minus8.data(),
                    .x_minus8_stride = sums_stride,
                    .x_scale = x_scale.data(),
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

TEST_P(Int6GemmTest, MatchesReferenceForAnyK) {
  std::mt19937 rng(2);
  for (size_t blocks = 1; blocks <= 20; ++blocks) {
    for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(3, blocks, batch, rng));
  }
}

TEST_P(Int6GemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t k : {256, 2560, 4096}) {
    for (size_t batch : {1, 2, 9}) ExpectMatchesReference(RandomProblem(3, k / kBlock, batch, rng));
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
  // Past every narrow accumulator, and up to the end of an int32.
  constexpr size_t kBlocks = kInt6MaxK / kBlock;
  for (size_t batch : {1, 4, 8}) {
    for (int w : {-32, 31}) {
      for (int x : {-127, 127}) {
        ExpectMatchesReference({.tiles = 1,
                                .blocks = kBlocks,
                                .batch = batch,
                                .w = std::vector<int>(kRows * kBlocks * kBlock, w),
                                .w_scale = std::vector<int>(kRows * kBlocks * 2, 127),
                                .row_scale = std::vector<float>(kRows, 0.1f),
                                .x = std::vector<int>(batch * kBlocks * kBlock, x),
                                .x_scale = std::vector<float>(batch, 0.37f)});
      }
    }
  }
}

TEST_P(Int6GemmTest, RoundsTheProductOfTheScalesFirst) {
  // Tiny scales, whose product is subnormal or nothing; large ones, whose product has more bits than a float.
  std::mt19937 rng(5);
  for (float x_scale : {1e-45f, 3e-38f, 1.0f / 3, 1e34f}) {
    Int6Problem p = RandomProblem(2, 4, 2, rng);
    for (float& v : p.x_scale) v *= x_scale;
    ExpectMatchesReference(p);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, Int6GemmTest, testing::ValuesIn(Int6GemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackInt6RowTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(6);
  const Int6Problem p = RandomProblem(1, 1, 1, rng);
  Guarded<uint8_t> block(kInt6BlockBytes, 0xee, 3);
  for (size_t r = 0; r < kRows; ++r) {
    Guarded<int8_t> weights(kBlock, 55);
    std::copy_n(p.w.begin() + static_cast<ptrdiff_t>(r * kBlock), kBlock, weights.data());
    PackInt6Row(r, weights.data(), block.data());
  }
  EXPECT_EQ(std::vector<uint8_t>(block.data(), block.data() + block.size()), PackByDescription(p));
  block.ExpectGuardsIntact();
}

}  // namespace
}  // namespace bitnet

#include "kernels/base3_gemm/base3_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/ternary_gemm/ternary_gemm.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 16;  // Of a tile.

struct Base3Problem {
  size_t tiles, k, batch;
  std::vector<int> w;         // [tiles * 16, k] of -1, 0, 1.
  std::vector<int> x;         // [batch, k] of -128 .. 127.
  std::vector<float> factor;  // [batch]
  size_t offset = 0;          // Misalignment of every operand, in elements.
  size_t x_gap = 0;           // Elements between rows of x.
  size_t y_gap = 0;
};

Base3Problem RandomProblem(size_t tiles, size_t k, size_t batch, std::mt19937& rng) {
  Base3Problem p = {.tiles = tiles, .k = k, .batch = batch, .w = {}, .x = {}, .factor = {}};
  std::uniform_int_distribution<int> trit(-1, 1);
  std::uniform_int_distribution<int> byte(-128, 127);
  std::uniform_real_distribution<float> real(-2, 2);
  for (size_t i = 0; i < tiles * kRows * k; ++i) p.w.push_back(trit(rng));
  for (size_t i = 0; i < batch * k; ++i) p.x.push_back(byte(rng));
  for (size_t i = 0; i < batch; ++i) p.factor.push_back(real(rng));
  return p;
}

Base3Problem ConstantProblem(size_t tiles, size_t k, size_t batch, int w, int x) {
  return {.tiles = tiles,
          .k = k,
          .batch = batch,
          .w = std::vector<int>(tiles * kRows * k, w),
          .x = std::vector<int>(batch * k, x),
          .factor = std::vector<float>(batch, 0.37f)};
}

// The packed layout, straight from its description: byte 4r + i of a block holds the weights of row r and
// k offsets i, 4 + i, ... as the balanced ternary fraction nearest to them.
std::vector<uint8_t> PackByDescription(const Base3Problem& p) {
  constexpr double kDigitValue[] = {1.0 / 3, 1.0 / 9, 1.0 / 27, 1.0 / 81, 1.0 / 243};
  std::vector<uint8_t> packed;
  for (size_t tile = 0; tile < p.tiles; ++tile) {
    for (size_t k0 = 0; k0 < p.k; k0 += 20) {
      for (size_t byte = 0; byte < 64; ++byte) {
        const size_t row = tile * kRows + byte / 4;
        double fraction = 0;
        for (size_t digit = 0; digit < 5; ++digit) {
          const size_t k = k0 + 4 * digit + byte % 4;
          if (k < p.k) fraction += p.w[row * p.k + k] * kDigitValue[digit];
        }
        packed.push_back(static_cast<uint8_t>(static_cast<int>(std::floor(256 * fraction + 0.5))));
      }
    }
  }
  return packed;
}

class Base3GemmTest : public testing::TestWithParam<Base3GemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  // Returns y without its gaps.
  static std::vector<float> ExpectMatchesReference(const Base3Problem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, k " << p.k << ", batch " << p.batch << ", offset "
                                    << p.offset);
    const size_t rows = p.tiles * kRows;
    const size_t padded_k = (p.k + 19) / 20 * 20;
    const size_t x_stride = padded_k + p.x_gap;
    const size_t y_stride = rows + p.y_gap;
    const std::vector<uint8_t> packed = PackByDescription(p);
    Guarded<uint8_t> w(packed.size(), 0x7f, p.offset);  // Poison that would show: all weights +1, x of 127.
    std::ranges::copy(packed, w.data());
    Guarded<int8_t> x(p.batch * x_stride - p.x_gap, 127, p.offset);
    Guarded<int32_t> x_sum(p.batch, 1 << 20, p.offset);
    Guarded<float> factor(p.batch, kNaN, p.offset);
    for (size_t b = 0; b < p.batch; ++b) {
      x_sum[b] = 0;
      for (size_t k = 0; k < padded_k; ++k) {
        x[b * x_stride + k] = static_cast<int8_t>(k < p.k ? p.x[b * p.k + k] : 0);
        x_sum[b] += x[b * x_stride + k];
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
    std::vector<float> result;
    for (size_t b = 0; b < p.batch; ++b) {
      for (size_t row = 0; row < rows; ++row) {
        int64_t sum = 0;
        for (size_t k = 0; k < p.k; ++k) sum += p.w[row * p.k + k] * p.x[b * p.k + k];
        const float expected = static_cast<float>(sum) * p.factor[b];
        result.push_back(y[b * y_stride + row]);
        EXPECT_TRUE(SameBits(result.back(), expected))
            << "row " << row << ", column " << b << ": " << result.back() << ", not " << expected;
      }
      if (HasFailure()) break;
    }
    y.ExpectGuardsIntact(p.batch, rows, y_stride);
    return result;
  }
};

TEST_P(Base3GemmTest, MatchesReferenceForAnyBatch) {
  std::mt19937 rng(1);
  for (size_t batch = 1; batch <= 17; ++batch) {
    for (size_t tiles : {1, 2, 3}) ExpectMatchesReference(RandomProblem(tiles, 80, batch, rng));
  }
}

TEST_P(Base3GemmTest, MatchesReferenceForAnyK) {
  std::mt19937 rng(2);
  for (size_t k = 1; k <= 70; ++k) {
    for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(2, k, batch, rng));
  }
  for (size_t blocks = 1; blocks <= 40; ++blocks) {
    for (size_t batch : {1, 3}) ExpectMatchesReference(RandomProblem(2, 20 * blocks, batch, rng));
  }
}

TEST_P(Base3GemmTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t k : {640, 2560, 6912}) {
    for (size_t batch : {1, 2, 9}) ExpectMatchesReference(RandomProblem(5, k, batch, rng));
  }
}

TEST_P(Base3GemmTest, MatchesReferenceAtAnyMisalignmentAndStride) {
  std::mt19937 rng(4);
  for (size_t offset = 0; offset <= 16; ++offset) {
    for (size_t batch : {1, 2, 5}) {
      Base3Problem p = RandomProblem(3, 48, batch, rng);
      p.offset = offset;
      p.x_gap = offset;
      p.y_gap = 17 - offset;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(Base3GemmTest, TellsEveryByteApart) {
  // Row by row, all 243 combinations of five weights; each x gives one of them a sum of its own.
  for (size_t batch : {1, 2}) {
    Base3Problem p = ConstantProblem(16, 20, batch, 0, 0);
    for (size_t row = 0; row < 243; ++row) {
      size_t value = row;
      for (size_t digit = 0; digit < 5; ++digit, value /= 3) {
        for (size_t i = 0; i < 4; ++i) p.w[row * 20 + 4 * digit + i] = static_cast<int>(value % 3) - 1;
      }
    }
    int power = 1;
    for (size_t digit = 0; digit < 5; ++digit, power *= 3) {
      for (size_t b = 0; b < batch; ++b) p.x[b * 20 + 4 * digit + (b + digit) % 4] = power;
    }
    ExpectMatchesReference(p);
  }
}

TEST_P(Base3GemmTest, HoldsExtremeSums) {
  for (size_t k : {240, 260, 6912, 8192}) {
    for (size_t batch : {1, 3, 8}) {
      for (int w : {-1, 0, 1}) {
        for (int x : {-128, 127}) ExpectMatchesReference(ConstantProblem(2, k, batch, w, x));
      }
    }
  }
}

TEST_P(Base3GemmTest, HoldsTheLargestSumsOfHugeK) {
  // Around 2^15 and 2^16, where variants bring their sums together, and past 2^21.
  for (size_t k : {(size_t{1} << 15) - 1, size_t{1} << 16, (size_t{1} << 17) + 16, (size_t{1} << 21) + 16}) {
    for (int x : {-128, 127}) ExpectMatchesReference(ConstantProblem(1, k, 1, 1, x));
  }
}

TEST_P(Base3GemmTest, GivesTheBitsOfTernaryGemm) {
  std::mt19937 rng(5);
  const TernaryGemmKernel& ternary = *std::ranges::find_if(
      TernaryGemmKernels(),
      [](const TernaryGemmKernel& kernel) { return kernel.name == std::string_view(GetParam().name); });
  for (size_t k : {16, 80, 2560, 6912}) {
    for (size_t batch : {1, 4}) {
      const Base3Problem p = RandomProblem(2, k, batch, rng);
      const std::vector<int8_t> weights(p.w.begin(), p.w.end());
      const std::vector<int8_t> x(p.x.begin(), p.x.end());
      std::vector<uint8_t> packed(p.tiles * TernaryTileBytes(k));
      for (size_t tile = 0; tile < p.tiles; ++tile) {
        PackTernaryTile(k, weights.data() + tile * kRows * k, packed.data() + tile * TernaryTileBytes(k));
      }
      std::vector<int32_t> x_sum(batch);
      for (size_t i = 0; i < x.size(); ++i) x_sum[i / k] += x[i];
      std::vector<float> y(batch * p.tiles * kRows);
      ternary.run({.tiles = p.tiles,
                   .k = k,
                   .batch = batch,
                   .w = packed.data(),
                   .x = x.data(),
                   .x_stride = k,
                   .x_sum = x_sum.data(),
                   .factor = p.factor.data(),
                   .y = y.data(),
                   .y_stride = p.tiles * kRows});
      const std::vector<float> base3 = ExpectMatchesReference(p);
      for (size_t i = 0; i < y.size(); ++i) EXPECT_TRUE(SameBits(base3[i], y[i])) << "element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, Base3GemmTest, testing::ValuesIn(Base3GemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackBase3TileTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(6);
  for (size_t k : {1, 16, 19, 20, 21, 48, 2560}) {
    const Base3Problem p = RandomProblem(1, k, 1, rng);
    Guarded<int8_t> weights(kRows * k, 1);
    std::ranges::copy(p.w, weights.data());
    Guarded<uint8_t> tile(Base3TileBytes(k), 0xee, 3);
    PackBase3Tile(k, weights.data(), tile.data());
    EXPECT_EQ(std::vector<uint8_t>(tile.data(), tile.data() + tile.size()), PackByDescription(p));
    tile.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

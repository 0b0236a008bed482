#include "kernels/row_gemv/row_gemv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

struct RowProblem {
  size_t num_rows, k;          // Of the matrix.
  std::vector<int> w;          // [num_rows, k] of -1, 0, 1.
  std::vector<int> x;          // [k] of -128 .. 127.
  std::vector<uint32_t> rows;  // Which are wanted.
  float factor = 0.37f;
  size_t offset = 0;  // Misalignment of every operand, in elements.
};

RowProblem RandomProblem(size_t num_rows, size_t k, std::vector<uint32_t> rows, std::mt19937& rng) {
  RowProblem p = {.num_rows = num_rows, .k = k, .w = {}, .x = {}, .rows = std::move(rows)};
  std::uniform_int_distribution<int> trit(-1, 1);
  std::uniform_int_distribution<int> byte(-128, 127);
  for (size_t i = 0; i < num_rows * k; ++i) p.w.push_back(trit(rng));
  for (size_t i = 0; i < k; ++i) p.x.push_back(byte(rng));
  return p;
}

std::vector<uint32_t> AllRows(size_t n) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// The packed layout, straight from its description: bits 2p+1:2p of byte i of a block of 128 are offset 32p +
// i.
std::vector<uint8_t> PackByDescription(const RowProblem& p) {
  std::vector<uint8_t> packed(p.num_rows * p.k / 4);
  for (size_t row = 0; row < p.num_rows; ++row) {
    for (size_t k = 0; k < p.k; ++k) {
      const size_t byte = row * p.k / 4 + k / 128 * 32 + k % 32;
      packed[byte] |= static_cast<uint8_t>((p.w[row * p.k + k] + 1) << (2 * (k % 128 / 32)));
    }
  }
  return packed;
}

class RowGemvTest : public testing::TestWithParam<RowGemvKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const RowProblem& p) {
    SCOPED_TRACE(testing::Message() << p.rows.size() << " of " << p.num_rows << " rows, k " << p.k
                                    << ", offset " << p.offset);
    Guarded<uint8_t> w(p.num_rows * p.k / 4, 0xff, p.offset);
    std::ranges::copy(PackByDescription(p), w.data());
    Guarded<int8_t> x(p.k, 127, p.offset);
    std::ranges::copy(p.x, x.data());
    Guarded<uint32_t> rows(p.rows.size(), 1u << 30, p.offset);
    std::ranges::copy(p.rows, rows.data());
    constexpr float kUntouched = -12345;
    Guarded<float> y(p.num_rows, kNaN, p.offset);
    std::fill_n(y.data(), p.num_rows, kUntouched);
    GetParam().run({.num_rows = p.rows.size(),
                    .rows = rows.data(),
                    .k = p.k,
                    .w = w.data(),
                    .x = x.data(),
                    .x_sum = std::accumulate(p.x.begin(), p.x.end(), 0),
                    .factor = p.factor,
                    .y = y.data()});
    for (size_t row = 0; row < p.num_rows; ++row) {
      int64_t sum = 0;
      for (size_t k = 0; k < p.k; ++k) sum += p.w[row * p.k + k] * p.x[k];
      const bool wanted = std::ranges::find(p.rows, row) != p.rows.end();
      const float expected = wanted ? static_cast<float>(sum) * p.factor : kUntouched;
      ASSERT_TRUE(SameBits(y[row], expected)) << "row " << row << ": " << y[row] << ", not " << expected;
    }
    y.ExpectGuardsIntact(1, p.num_rows, p.num_rows);
  }
};

TEST_P(RowGemvTest, MatchesReferenceForAnyNumberOfRows) {
  std::mt19937 rng(1);
  for (uint32_t n = 0; n <= 13; ++n) {
    std::vector<uint32_t> rows = AllRows(29);
    std::ranges::shuffle(rows, rng);
    rows.resize(n);
    ExpectMatchesReference(RandomProblem(29, 256, rows, rng));
  }
}

TEST_P(RowGemvTest, MatchesReferenceForAnyNumberOfBlocks) {
  std::mt19937 rng(2);
  for (size_t blocks = 1; blocks <= 35; ++blocks) {
    ExpectMatchesReference(RandomProblem(5, 128 * blocks, {0, 2, 3}, rng));
  }
}

TEST_P(RowGemvTest, MatchesReferenceAtAnyMisalignment) {
  std::mt19937 rng(3);
  for (size_t offset = 0; offset <= 16; ++offset) {
    RowProblem p = RandomProblem(9, 384, {1, 2, 3, 5, 8}, rng);
    p.offset = offset;
    ExpectMatchesReference(p);
  }
}

TEST_P(RowGemvTest, HoldsExtremeSums) {
  for (const size_t k : {2048, 2176, 6912, 1 << 19, (1 << 22) - 128}) {
    for (const int w : {-1, 1}) {
      for (const int x : {-128, 127}) {
        RowProblem p = {.num_rows = 1, .k = k, .w = {}, .x = {}, .rows = {0}};
        p.w.assign(k, w);
        p.x.assign(k, x);
        ExpectMatchesReference(p);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, RowGemvTest, testing::ValuesIn(RowGemvKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

TEST(PackRowTest, FollowsTheDescribedLayout) {
  std::mt19937 rng(4);
  for (const size_t k : {128, 256, 2560}) {
    const RowProblem p = RandomProblem(1, k, {}, rng);
    Guarded<int8_t> weights(k, 55);
    std::ranges::copy(p.w, weights.data());
    Guarded<uint8_t> row(PackedRowBytes(k), 0xee, 3);
    PackRow(k, weights.data(), row.data());
    EXPECT_EQ(std::vector<uint8_t>(row.data(), row.data() + row.size()), PackByDescription(p));
    row.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/column_gemv/column_gemv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

struct ColumnProblem {
  size_t rows, k;
  std::vector<int> w;             // [rows, k] of -1, 0, 1.
  std::vector<uint32_t> columns;  // A multiple of 4 of them,
  std::vector<int> values;        // and what x has there.
  size_t offset = 0;              // Misalignment of every operand, in elements.
};

// Columns and values at random, the last `fill` of them the 0 that fills up a group.
ColumnProblem RandomProblem(size_t rows, size_t k, size_t num_columns, size_t fill, std::mt19937& rng) {
  ColumnProblem p = {.rows = rows, .k = k, .w = {}, .columns = {}, .values = {}};
  std::uniform_int_distribution<int> trit(-1, 1);
  std::uniform_int_distribution<int> byte(-128, 127);
  for (size_t i = 0; i < rows * k; ++i) p.w.push_back(trit(rng));
  std::vector<uint32_t> all(k);
  std::iota(all.begin(), all.end(), 0);
  std::ranges::shuffle(all, rng);
  p.columns.assign(all.begin(), all.begin() + static_cast<ptrdiff_t>(num_columns));
  std::sort(p.columns.begin(), p.columns.end() - static_cast<ptrdiff_t>(fill));
  for (size_t i = 0; i < num_columns; ++i) p.values.push_back(i + fill < num_columns ? byte(rng) : 0);
  return p;
}

// The packed layout, straight from its description: bits 2p+1:2p of byte i of a block of 128 are row 32p + i.
std::vector<uint8_t> PackByDescription(const ColumnProblem& p) {
  std::vector<uint8_t> packed(p.rows * p.k / 4);
  for (size_t row = 0; row < p.rows; ++row) {
    for (size_t k = 0; k < p.k; ++k) {
      const size_t byte = k * p.rows / 4 + row / 128 * 32 + row % 32;
      packed[byte] |= static_cast<uint8_t>((p.w[row * p.k + k] + 1) << (2 * (row % 128 / 32)));
    }
  }
  return packed;
}

class ColumnGemvTest : public testing::TestWithParam<ColumnGemvKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const ColumnProblem& p) {
    SCOPED_TRACE(testing::Message() << p.rows << " rows, " << p.columns.size() << " of " << p.k
                                    << " columns, offset " << p.offset);
    Guarded<uint8_t> w(p.rows * p.k / 4, 0xff, p.offset);
    std::ranges::copy(PackByDescription(p), w.data());
    Guarded<uint32_t> columns(p.columns.size(), 1u << 30, p.offset);
    std::ranges::copy(p.columns, columns.data());
    Guarded<int8_t> values(p.values.size(), 127, p.offset);
    std::ranges::copy(p.values, values.data());
    Guarded<int32_t> sums(p.rows, -99, p.offset);
    for (size_t row = 0; row < p.rows; ++row) sums[row] = static_cast<int32_t>(3 * row);
    GetParam().run({.rows = p.rows,
                    .num_columns = p.columns.size(),
                    .w = w.data(),
                    .columns = columns.data(),
                    .values = values.data(),
                    .sums = sums.data()});
    for (size_t row = 0; row < p.rows; ++row) {
      int64_t sum = static_cast<int64_t>(3 * row);
      for (size_t i = 0; i < p.columns.size(); ++i) {
        sum += (p.w[row * p.k + p.columns[i]] + 1) * p.values[i];
      }
      ASSERT_EQ(sums[row], sum) << "row " << row;
    }
    sums.ExpectGuardsIntact(1, p.rows, p.rows);
  }
};

TEST_P(ColumnGemvTest, MatchesReferenceForAnyNumberOfColumns) {
  std::mt19937 rng(1);
  for (size_t columns = 0; columns <= 140; columns += 4) {
    ExpectMatchesReference(RandomProblem(128, 150, columns, std::min<size_t>(columns, columns / 4 % 4), rng));
  }
}

TEST_P(ColumnGemvTest, MatchesReferenceForAnyNumberOfBlocks) {
  std::mt19937 rng(2);
  for (size_t blocks = 1; blocks <= 7; ++blocks) {
    ExpectMatchesReference(RandomProblem(128 * blocks, 300, 100, 1, rng));
  }
}

TEST_P(ColumnGemvTest, MatchesReferenceAtAnyMisalignment) {
  std::mt19937 rng(3);
  for (size_t offset = 0; offset <= 16; ++offset) {
    ColumnProblem p = RandomProblem(384, 70, 40, 3, rng);
    p.offset = offset;
    ExpectMatchesReference(p);
  }
}

TEST_P(ColumnGemvTest, HoldsExtremeSums) {
  // Past every narrow accumulator.
  for (const size_t k : {128, 132, 6912}) {
    for (const int w : {-1, 0, 1}) {
      for (const int x : {-128, 127}) {
        std::mt19937 rng(4);
        ColumnProblem p = RandomProblem(256, k, k, 0, rng);
        p.w.assign(p.w.size(), w);
        p.values.assign(k, x);
        ExpectMatchesReference(p);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, ColumnGemvTest, testing::ValuesIn(ColumnGemvKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

#include "engine/sampling/philox.h"

#include <gtest/gtest.h>

#include <set>

namespace bitnet {
namespace {

// From the authors' known-answer file (Random123, tests/kat_vectors).
TEST(PhiloxTest, GivesTheKnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(UniformDrawTest, IsBelowOneAndSpreadsEvenly) {
  constexpr int kDraws = 100000;
  int buckets[10] = {};
  double sum = 0;
  for (int position = 0; position < kDraws; ++position) {
    const double u = UniformDraw(42, position);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++buckets[static_cast<int>(u * 10)];
    sum += u;
  }
  // A bucket's count has standard deviation sqrt(100000 * 0.1 * 0.9) = 95; the mean's is 0.2887 /
  // sqrt(100000).
  for (int count : buckets) {
    EXPECT_NEAR(count, kDraws / 10, 5 * 95);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * 0.00092);
}

TEST(UniformDrawTest, DependsOnAllOfSeedAndPosition) {
  std::set<double> draws;
  for (int bit = 0; bit < 64; ++bit) {
    draws.insert(UniformDraw(uint64_t{1} << bit, 0));
    draws.insert(UniformDraw(0, uint64_t{1} << bit));
  }
  EXPECT_EQ(draws.size(), 128u);
}

}  // namespace
}  // namespace bitnet

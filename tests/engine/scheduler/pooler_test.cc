#include "engine/scheduler/pooler.h"

#include <gtest/gtest.h>

#include <vector>

namespace bitnet {
namespace {

std::vector<float> Copy(std::span<const float> values) { return {values.begin(), values.end()}; }

TEST(PoolerTest, NeedsTheLastPositionOrAll) {
  const Pooler last(Pooling::kLast, 2);
  EXPECT_FALSE(last.needs_all());
  EXPECT_FALSE(last.Needs(0, 3));
  EXPECT_TRUE(last.Needs(2, 3));
  const Pooler mean(Pooling::kMean, 2);
  EXPECT_TRUE(mean.needs_all());
  EXPECT_TRUE(mean.Needs(0, 3));
}

TEST(PoolerTest, ScalesToLengthOne) {
  Pooler last(Pooling::kLast, 2);
  last.Add(std::vector<float>{3, -4});
  EXPECT_EQ(Copy(last.Embedding()), (std::vector<float>{0.6F, -0.8F}));
  Pooler mean(Pooling::kMean, 2);
  mean.Add(std::vector<float>{1, 1});
  mean.Add(std::vector<float>{5, 7});
  EXPECT_EQ(Copy(mean.Embedding()), (std::vector<float>{0.6F, 0.8F}));
}

TEST(PoolerTest, LosesNoSmallNumberBesideALargeOne) {
  Pooler mean(Pooling::kMean, 2);
  mean.Add(std::vector<float>{1e9F, 0});
  mean.Add(std::vector<float>{1, 0});  // A sum of floats would not see it.
  mean.Add(std::vector<float>{-1e9F, 0});
  EXPECT_EQ(Copy(mean.Embedding()), (std::vector<float>{1, 0}));
}

TEST(PoolerTest, StartsAgain) {
  Pooler mean(Pooling::kMean, 2);
  mean.Add(std::vector<float>{100, 0});
  mean.Reset();
  mean.Add(std::vector<float>{0, 2});
  EXPECT_EQ(Copy(mean.Embedding()), (std::vector<float>{0, 1}));
}

TEST(PoolerTest, LeavesNothingAtZero) {
  Pooler mean(Pooling::kMean, 2);
  mean.Add(std::vector<float>{1, 2});
  mean.Add(std::vector<float>{-1, -2});
  EXPECT_EQ(Copy(mean.Embedding()), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace bitnet

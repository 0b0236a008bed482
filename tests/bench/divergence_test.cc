#include "bench/run/divergence.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bitnet {
namespace {

constexpr float kEven[] = {1, 1, 1, 1};
// Probabilities 1/2, 1/4, 1/8, 1/8: the logarithms are exact to a float's rounding, about 6e-8 each.
const float kHalves[] = {std::log(0.5f), std::log(0.25f), std::log(0.125f), std::log(0.125f)};
constexpr double kTolerance = 4 * 6e-8;

TEST(DivergenceTest, IsZeroBetweenEqualPredictions) {
  Divergence divergence;
  divergence.Add(kHalves, kHalves, 1);
  EXPECT_EQ(divergence.mean_kl(), 0);
  EXPECT_EQ(divergence.same_top(), 1);
  EXPECT_EQ(divergence.perplexity(), divergence.reference_perplexity());
}

TEST(DivergenceTest, IsWhatTheReferenceLosesByPredictingOtherwise) {
  Divergence divergence;
  divergence.Add(kEven, kHalves, 0);
  // Entropy of the halves is 1.75 bits, of four even chances 2: a quarter of a bit.
  EXPECT_NEAR(divergence.mean_kl(), 0.25 * std::log(2.0), kTolerance);
}

TEST(DivergenceTest, KnowsThePerplexityOfBoth) {
  Divergence divergence;
  divergence.Add(kEven, kHalves, 1);
  divergence.Add(kEven, kHalves, 2);
  EXPECT_NEAR(divergence.perplexity(), 4, 4 * kTolerance);
  EXPECT_NEAR(divergence.reference_perplexity(), std::sqrt(4.0 * 8.0), 8 * kTolerance);
  EXPECT_EQ(divergence.tokens(), 2u);
}

TEST(DivergenceTest, WorksWithoutAReference) {
  Divergence divergence;
  divergence.Add(kEven, {}, 3);
  EXPECT_NEAR(divergence.perplexity(), 4, 4 * kTolerance);
}

}  // namespace
}  // namespace bitnet

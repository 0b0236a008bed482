#include "engine/sampling/logprobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace bitnet {
namespace {

std::vector<float> RandomLogits(size_t n) {
  std::mt19937 rng(static_cast<uint32_t>(n));
  std::vector<float> logits(n);
  for (float& logit : logits) {
    logit = static_cast<float>(rng() % 1000) / 50 - 10;  // Coarse: ties occur.
  }
  return logits;
}

TEST(LogprobsTest, LogSumExpAgreesWithTheCLibrary) {
  for (size_t n : {1, 2, 10, 1000, 128256}) {
    const std::vector<float> logits = RandomLogits(n);
    long double sum = 0;
    for (float logit : logits) {
      sum += std::exp(static_cast<long double>(logit));
    }
    // n sums in double, each term within about 2 units in the last place: relative n * 2^-53 at most.
    EXPECT_NEAR(LogSumExp(logits), static_cast<double>(std::log(sum)), (n + 4) * 0x1p-53 + 1e-14) << n;
  }
}

TEST(LogprobsTest, ListsTheLikeliestTiesByRisingId) {
  const std::vector<float> logits = RandomLogits(3000);
  std::vector<int32_t> ranked(logits.size());
  std::iota(ranked.begin(), ranked.end(), 0);
  std::stable_sort(ranked.begin(), ranked.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  for (size_t n : {0, 1, 5, 20, 3000}) {
    std::vector<TokenLogprob> top;
    top.reserve(n);
    TopLogprobs(logits, LogSumExp(logits), n, top);
    ASSERT_EQ(top.size(), n);
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(top[i].id, ranked[i]);
      ASSERT_EQ(top[i].logprob, static_cast<float>(logits[ranked[i]] - LogSumExp(logits)));
    }
  }
}

}  // namespace
}  // namespace bitnet

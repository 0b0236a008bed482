#include "engine/sampling/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "engine/sampling/philox.h"

namespace bitnet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The definition, slowly: everything sorted, exponentials of the C library.
struct Reference {
  std::vector<int> kept;    // In the order of the draw.
  std::vector<double> end;  // Where each one's part of [0, 1) ends.
};

Reference Distribution(const std::vector<float>& logits, const SamplingParams& params) {
  const int n = static_cast<int>(logits.size());
  std::vector<int> ranked(n);
  std::iota(ranked.begin(), ranked.end(), 0);
  std::stable_sort(ranked.begin(), ranked.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  const auto weight = [&](int id) {
    return std::exp((static_cast<double>(logits[id]) - logits[ranked[0]]) / params.temperature);
  };
  const auto total = [&](const std::vector<int>& ids) {
    return std::accumulate(ids.begin(), ids.end(), 0.0, [&](double sum, int id) { return sum + weight(id); });
  };

  Reference result;
  result.kept = ranked;
  if (params.top_k > 0 && params.top_k < n) {
    result.kept.resize(params.top_k);
  }
  if (params.top_p < 1) {
    const double mass = params.top_p * total(result.kept);
    size_t count = 0;
    for (double sum = 0; count < result.kept.size() && sum < mass; ++count) {
      sum += weight(result.kept[count]);
    }
    result.kept.resize(count);
  }
  std::erase_if(result.kept, [&](int id) { return weight(id) < params.min_p; });
  if ((params.top_k == 0 || params.top_k >= n) && params.top_p == 1) {
    std::ranges::sort(result.kept);
  }
  double sum = 0;
  for (int id : result.kept) {
    sum += weight(id);
    result.end.push_back(sum / total(result.kept));
  }
  return result;
}

int32_t Draw(const Reference& reference, double uniform) {
  const auto at = std::ranges::upper_bound(reference.end, uniform);
  return reference.kept[std::min<size_t>(at - reference.end.begin(), reference.kept.size() - 1)];
}

std::vector<float> RandomLogits(size_t n, std::mt19937& rng) {
  std::vector<float> logits(n);
  for (float& logit : logits) {
    // A bell-like shape from a sum of uniforms, and coarse, so that ties occur.
    int sum = 0;
    for (int i = 0; i < 4; ++i) {
      sum += static_cast<int>(rng() % 64);
    }
    logit = static_cast<float>(sum - 126) / 16;
  }
  return logits;
}

int32_t SampleOnce(const std::vector<float>& logits, const SamplingParams& params, uint64_t position = 0) {
  Sampler sampler(logits.size());
  return sampler.Sample(logits, {params, {}, {}, position});
}

TEST(SamplerTest, AgreesWithTheReferenceForEveryCombination) {
  std::mt19937 rng(3);
  size_t compared = 0;
  for (size_t n : {1, 2, 63, 64, 65, 1000, 5000}) {
    Sampler sampler(n);
    for (float temperature : {0.2f, 0.8f, 1.0f, 3.0f}) {
      for (int top_k : {0, 1, 7, 64, 100000}) {
        for (float top_p : {1.0f, 0.95f, 0.5f, 0.01f}) {
          for (float min_p : {0.0f, 0.05f, 1.0f}) {
            const std::vector<float> logits = RandomLogits(n, rng);
            const SamplingParams params = {
                .temperature = temperature, .top_k = top_k, .top_p = top_p, .min_p = min_p, .seed = rng()};
            const Reference reference = Distribution(logits, params);
            for (uint64_t position = 0; position < 10; ++position) {
              ASSERT_EQ(sampler.Sample(logits, {params, {}, {}, position}),
                        Draw(reference, UniformDraw(params.seed, position)))
                  << n << " " << temperature << " " << top_k << " " << top_p << " " << min_p;
              ++compared;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(compared, 7u * 4 * 5 * 4 * 3 * 10);
}

TEST(SamplerTest, DrawsWithTheRightFrequencies) {
  const std::vector<float> logits = {0, std::log(2.0f), std::log(3.0f), std::log(4.0f)};
  Sampler sampler(4);
  int counts[4] = {};
  constexpr int kDraws = 40000;
  for (int position = 0; position < kDraws; ++position) {
    const SamplingParams params = {.temperature = 1, .seed = 9};
    ++counts[sampler.Sample(logits, {params, {}, {}, static_cast<uint64_t>(position)})];
  }
  for (int id = 0; id < 4; ++id) {
    const double p = (id + 1) / 10.0;
    EXPECT_NEAR(counts[id], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p))) << id;
  }
}

TEST(SamplerTest, GreedyTakesTheLowestIdOfEqualLogits) {
  EXPECT_EQ(SampleOnce({1, 5, 3, 5, 5}, {}), 1);
  EXPECT_EQ(SampleOnce({-3, -3, -3}, {}), 0);
}

TEST(SamplerTest, TopKKeepsTheLowestIdsOfEqualLogits) {
  const std::vector<float> logits(100, 1.5f);
  for (uint64_t position = 0; position < 200; ++position) {
    EXPECT_LT(SampleOnce(logits, {.temperature = 1, .top_k = 3}, position), 3);
  }
}

TEST(SamplerTest, NeverChoosesMaskedTokens) {
  const std::vector<float> logits = {9, 8, 7, 6};
  const std::vector<int32_t> masked = {0, 2};
  Sampler sampler(4);
  const SamplingParams greedy;
  EXPECT_EQ(sampler.Sample(logits, {greedy, {}, masked, 0}), 1);
  for (uint64_t position = 0; position < 200; ++position) {
    const SamplingParams params = {.temperature = 5};
    const int32_t id = sampler.Sample(logits, {params, {}, masked, position});
    EXPECT_TRUE(id == 1 || id == 3);
  }
}

TEST(SamplerTest, TreatsNanAsTheLowestLogit) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(SampleOnce({nan, -5, nan, -4}, {}), 3);
  EXPECT_EQ(SampleOnce({nan, nan, -kInfinity}, {}), 0);
  for (uint64_t position = 0; position < 100; ++position) {
    EXPECT_EQ(SampleOnce({nan, -5, nan, -kInfinity}, {.temperature = 1}, position), 1);
    const int32_t infinite = SampleOnce({nan, kInfinity, 3, kInfinity}, {.temperature = 1}, position);
    EXPECT_TRUE(infinite == 1 || infinite == 3);
  }
}

TEST(SamplerTest, TinyTemperatureIsGreedy) {
  EXPECT_EQ(SampleOnce({1, 1.0001f, 0.5f}, {.temperature = 1e-30f}), 1);
}

TEST(SamplerTest, RepetitionPenaltyPullsEveryUsedTokenTowardsLess) {
  const std::vector<float> logits = {4, -1, 3, -0.9f};
  const std::vector<TokenCount> counts = {{0, 0}, {3, 2}};  // 4 becomes 2, -0.9 becomes -1.8.
  Sampler sampler(4);
  const SamplingParams params = {.repetition_penalty = 2};
  EXPECT_EQ(sampler.Sample(logits, {params, counts, {}, 0}), 2);
  const std::vector<int32_t> masked = {0, 2};
  EXPECT_EQ(sampler.Sample(logits, {params, counts, masked, 0}), 1);
}

TEST(SamplerTest, PresenceAndFrequencyPenaltiesCountTheOutputOnly) {
  const std::vector<float> logits = {4, 3.5f, 3.2f};
  const std::vector<TokenCount> counts = {{0, 3}, {1, 0}};
  Sampler sampler(3);
  const SamplingParams presence = {.presence_penalty = 0.6f};
  EXPECT_EQ(sampler.Sample(logits, {presence, counts, {}, 0}), 1);
  const SamplingParams little = {.frequency_penalty = 0.1f};
  EXPECT_EQ(sampler.Sample(logits, {little, counts, {}, 0}), 0);
  const SamplingParams more = {.frequency_penalty = 0.2f};
  EXPECT_EQ(sampler.Sample(logits, {more, counts, {}, 0}), 1);
}

TEST(TokenCountsTest, CountsPromptAndOutputApart) {
  TokenCounts counts(std::vector<int32_t>{5, 2, 5, 9}, 4);
  const TokenCount* before = counts.counts().data();
  for (int32_t id : {7, 2, 7, 1}) {
    counts.AddOutput(id);
  }
  EXPECT_EQ(counts.counts().data(), before) << "it allocated";
  std::vector<std::pair<int32_t, int32_t>> all;
  for (const TokenCount& count : counts.counts()) {
    all.emplace_back(count.id, count.in_output);
  }
  EXPECT_EQ(all, (std::vector<std::pair<int32_t, int32_t>>{{1, 1}, {2, 1}, {5, 0}, {7, 2}, {9, 0}}));
}

}  // namespace
}  // namespace bitnet

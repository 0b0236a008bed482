#include "engine/sampling/logits_needed.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

size_t Needed(const SamplingParams& sampling, size_t num_masked = 0, int num_logprobs = -1) {
  return LogitsNeeded({.sampling = sampling, .num_logprobs = num_logprobs}, num_masked);
}

TEST(LogitsNeededTest, IsTheHighestForGreedyChoices) { EXPECT_EQ(Needed({.temperature = 0}), 1u); }

TEST(LogitsNeededTest, IsTheFirstKWithTopK) {
  EXPECT_EQ(Needed({.temperature = 1, .top_k = 40, .top_p = 0.9f, .min_p = 0.1f}), 40u);
}

TEST(LogitsNeededTest, CountsThoseThatMayNotBeChosen) {
  EXPECT_EQ(Needed({.temperature = 0}, 3), 4u);
  EXPECT_EQ(Needed({.temperature = 1, .top_k = 40}, 3), 43u);
}

TEST(LogitsNeededTest, IsAllWithoutTopKAndForPenaltiesAndLogprobs) {
  EXPECT_EQ(Needed({.temperature = 1, .top_p = 0.9f}), kAllLogits);
  EXPECT_EQ(Needed({.repetition_penalty = 1.1f}), kAllLogits);
  EXPECT_EQ(Needed({.frequency_penalty = 0.1f}), kAllLogits);
  EXPECT_EQ(Needed({.temperature = 0}, 0, 0), kAllLogits);
  EXPECT_EQ(LogitsNeeded({.wants_logits = true}, 0), kAllLogits);
}

}  // namespace
}  // namespace bitnet

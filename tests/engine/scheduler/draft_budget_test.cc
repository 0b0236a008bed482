#include "engine/scheduler/draft_budget.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

// Guesses of this likelihood that are worth running beside `num_decoding` sequences.
size_t Taken(size_t num_decoding, float likelihood, size_t room = 100) {
  DraftBudget budget(num_decoding, num_decoding, room);
  size_t taken = 0;
  while (budget.Take(likelihood)) {
    ++taken;
  }
  return taken;
}

TEST(DraftBudgetTest, TakesNoMoreThanThereIsRoomFor) {
  EXPECT_EQ(Taken(1, 1, 0), 0u);
  EXPECT_EQ(Taken(1, 1, 3), 3u);
  EXPECT_EQ(Taken(16, 1, 8), 8u);
}

TEST(DraftBudgetTest, TakesSureGuessesAndNotUnlikelyOnes) {
  EXPECT_GT(Taken(1, 0.9F), 0u);
  EXPECT_EQ(Taken(1, 0.1F), 0u);
  EXPECT_EQ(Taken(1, 0), 0u);
}

TEST(DraftBudgetTest, WantsSurerGuessesTheMoreSequencesShareAStep) {
  for (float likelihood : {0.3F, 0.5F, 0.7F, 0.9F}) {
    bool taken = true;
    for (size_t num_decoding = 1; num_decoding < 200; ++num_decoding) {
      const bool now = Taken(num_decoding, likelihood) > 0;
      EXPECT_LE(now, taken) << num_decoding;
      taken = now;
    }
    EXPECT_FALSE(taken) << likelihood;
  }
}

TEST(DraftBudgetTest, TakesWorseGuessesBesideAPrompt) {
  // The step takes long anyway: one more column is a small part of it.
  DraftBudget alone(1, 1, 8);
  DraftBudget beside(65, 1, 8);
  EXPECT_FALSE(alone.Take(0.2F));
  EXPECT_TRUE(beside.Take(0.2F));
}

}  // namespace
}  // namespace bitnet

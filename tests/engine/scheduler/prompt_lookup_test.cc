#include "engine/scheduler/prompt_lookup.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

using Tokens = std::vector<int32_t>;

// The first `n` proposed tokens, none if there is no proposal.
Tokens Proposed(const PromptLookup& lookup, const Tokens& tokens, size_t n) {
  Tokens proposed;
  for (size_t i = 0; lookup.found() && i < n; ++i) {
    proposed.push_back(lookup.Token(tokens, i));
  }
  return proposed;
}

Tokens ProposedAfter(const Tokens& tokens, size_t n) {
  PromptLookup lookup(tokens.size());
  lookup.Update(tokens);
  return Proposed(lookup, tokens, n);
}

// The same by trying every place: the longest run in common of up to 6 tokens, the latest of equals.
Tokens ReferenceProposal(const Tokens& tokens, size_t n) {
  size_t best = 0;
  size_t source = 0;
  for (size_t next = 1; next < tokens.size(); ++next) {
    size_t length = 0;
    while (length < 6 && length < next && tokens[next - 1 - length] == tokens[tokens.size() - 1 - length]) {
      ++length;
    }
    if (length >= 2 && length >= best) {
      best = length;
      source = next;
    }
  }
  Tokens all = tokens;
  for (size_t i = 0; best > 0 && i < n; ++i) {
    all.push_back(all[source + i]);
  }
  return Tokens(all.begin() + static_cast<ptrdiff_t>(tokens.size()), all.end());
}

TEST(PromptLookupTest, ProposesWhatFollowedTheSameTokens) {
  EXPECT_EQ(ProposedAfter({7, 1, 2, 3, 4, 9, 1, 2}, 3), (Tokens{3, 4, 9}));
}

TEST(PromptLookupTest, ProposesNothingWithoutACommonPair) {
  EXPECT_EQ(ProposedAfter({}, 1), Tokens());
  EXPECT_EQ(ProposedAfter({1}, 1), Tokens());
  EXPECT_EQ(ProposedAfter({1, 2}, 1), Tokens());
  EXPECT_EQ(ProposedAfter({1, 2, 3, 1, 4, 2, 1}, 1), Tokens());
}

TEST(PromptLookupTest, PrefersTheLongestRunAndThenTheLatest) {
  EXPECT_EQ(ProposedAfter({5, 1, 2, 30, 6, 1, 2, 31, 7, 1, 2, 32, 6, 1, 2}, 1), Tokens{31});
  EXPECT_EQ(ProposedAfter({5, 1, 2, 30, 6, 1, 2, 31, 7, 1, 2, 32, 8, 1, 2}, 1), Tokens{32});
}

TEST(PromptLookupTest, GoesOnWithARepetition) {
  EXPECT_EQ(ProposedAfter({9, 4, 4, 4}, 5), (Tokens{4, 4, 4, 4, 4}));
  EXPECT_EQ(ProposedAfter({1, 2, 3, 1, 2, 3, 1, 2}, 7), (Tokens{3, 1, 2, 3, 1, 2, 3}));
}

TEST(PromptLookupTest, AgreesWithASearchOfEveryPlace) {
  for (size_t vocabulary : {2, 5, 40}) {
    Tokens tokens = RandomTokens(60, vocabulary, 3);
    PromptLookup lookup(tokens.size());
    for (size_t n = 1; n <= tokens.size(); ++n) {
      const Tokens so_far(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(n));
      lookup.Update(so_far);
      ASSERT_EQ(Proposed(lookup, so_far, 4), ReferenceProposal(so_far, 4))
          << n << " tokens of " << vocabulary;
    }
  }
}

TEST(PromptLookupTest, ProposesTheSameHoweverManyTokensComeAtOnce) {
  const Tokens tokens = RandomTokens(300, 10, 8);
  PromptLookup one_by_one(tokens.size());
  for (size_t n = 1; n <= tokens.size(); ++n) {
    one_by_one.Update(std::span(tokens).first(n));
  }
  EXPECT_EQ(Proposed(one_by_one, tokens, 8), ProposedAfter(tokens, 8));
}

TEST(PromptLookupTest, LearnsHowOftenItIsRight) {
  // Every pair of a 1 and a 2 is followed by something else, every run of the others by what followed before.
  PromptLookup lookup(1000);
  Tokens wrong;
  for (int32_t i = 0; i < 40; ++i) {
    wrong.insert(wrong.end(), {100 + i, 1, 2});
    lookup.Update(wrong);
  }
  ASSERT_TRUE(lookup.found());
  EXPECT_LT(lookup.Likelihood(0), 0.05F);

  PromptLookup other(1000);
  Tokens right;
  for (int32_t i = 0; i < 80; ++i) {
    right.push_back(i % 5);
    other.Update(right);
  }
  ASSERT_TRUE(other.found());
  EXPECT_GT(other.Likelihood(0), 0.95F);
}

TEST(PromptLookupTest, LearnsFromProposalsThatNobodyUsed) {
  // Wrong again and again, then right: nothing had to be tried out for it to be noticed.
  PromptLookup lookup(1000);
  Tokens tokens;
  for (int32_t i = 0; i < 40; ++i) {
    for (const int32_t token : {100 + i, 1, 2}) {
      tokens.push_back(token);
      lookup.Update(tokens);
    }
  }
  const float before = lookup.Likelihood(0);
  for (int32_t i = 0; i < 40; ++i) {
    for (const int32_t token : {200 + i, 1, 2, 3}) {
      tokens.push_back(token);
      lookup.Update(tokens);
    }
  }
  tokens.insert(tokens.end(), {999, 1, 2});
  lookup.Update(tokens);
  EXPECT_EQ(Proposed(lookup, tokens, 1), Tokens{3});
  EXPECT_GT(lookup.Likelihood(0), before + 0.5F);
}

}  // namespace
}  // namespace bitnet

// Compares what two generations sent.
#pragma once

#include <gtest/gtest.h>

#include "tests/engine/recording_sink.h"

namespace bitnet {

// Equal to the last bit, log-probabilities too.
inline void ExpectSameTokens(const RecordingSink& sink, const RecordingSink& expected) {
  EXPECT_EQ(sink.reason(), expected.reason());
  EXPECT_EQ(sink.usage().generated_tokens, expected.usage().generated_tokens);
  ASSERT_EQ(sink.ids(), expected.ids());
  for (size_t i = 0; i < expected.tokens().size(); ++i) {
    const GeneratedToken& token = sink.tokens()[i];
    const GeneratedToken& wanted = expected.tokens()[i];
    EXPECT_EQ(token.index, wanted.index);
    EXPECT_EQ(token.logprob, wanted.logprob);
    ASSERT_EQ(token.alternatives.size(), wanted.alternatives.size());
    for (size_t j = 0; j < wanted.alternatives.size(); ++j) {
      EXPECT_EQ(token.alternatives[j].id, wanted.alternatives[j].id);
      EXPECT_EQ(token.alternatives[j].logprob, wanted.alternatives[j].logprob);
    }
  }
}

}  // namespace bitnet

// Whether a grammar matches a text.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/grammar/grammar.h"
#include "engine/grammar/pushdown.h"

namespace bitnet {

enum class Match {
  kNo,      // Nothing that begins so matches.
  kBegins,  // Something longer does.
  kWhole,   // It does, and perhaps something longer as well.
};

inline Match MatchText(Pushdown& pushdown, std::string_view text) {
  Pushdown::State state = pushdown.Start();
  for (char c : text) {
    if (pushdown.crowded()) {
      pushdown.Compact({&state, 1});
    }
    state = pushdown.Step(state, static_cast<uint8_t>(c));
  }
  return pushdown.accepting(state) ? Match::kWhole : state == Pushdown::kDead ? Match::kNo : Match::kBegins;
}

inline Match MatchText(const Grammar& grammar, std::string_view text) {
  Pushdown pushdown(&grammar);
  return MatchText(pushdown, text);
}

inline void ExpectMatches(const absl::StatusOr<Grammar>& grammar,
                          std::initializer_list<std::string_view> texts) {
  ASSERT_TRUE(grammar.ok()) << grammar.status();
  for (std::string_view text : texts) {
    EXPECT_EQ(MatchText(*grammar, text), Match::kWhole) << "'" << text << "'";
  }
}

inline void ExpectNoMatch(const absl::StatusOr<Grammar>& grammar,
                          std::initializer_list<std::string_view> texts) {
  ASSERT_TRUE(grammar.ok()) << grammar.status();
  for (std::string_view text : texts) {
    EXPECT_NE(MatchText(*grammar, text), Match::kWhole) << "'" << text << "'";
  }
}

}  // namespace bitnet

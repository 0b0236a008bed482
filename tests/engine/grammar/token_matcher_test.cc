#include "engine/grammar/token_matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/grammar/grammar_cache.h"
#include "engine/grammar/grammar_text.h"
#include "engine/grammar/json_schema.h"
#include "engine/grammar/regex.h"
#include "tests/engine/grammar/list_tokenizer.h"
#include "tests/engine/grammar/matching.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

constexpr size_t kVocabSize = 400;  // More than the tokenizer has, as models pad.

bool IsAllowed(std::span<const uint64_t> mask, int32_t token) {
  return (mask[token / 64] >> token % 64 & 1) != 0;
}

class TokenMatcherTest : public testing::Test {
 protected:
  TokenMatcherTest()
      : tokenizer_(JsonTokens(380)), trie_(std::make_shared<TokenTrie>(tokenizer_, kVocabSize)) {}

  std::unique_ptr<TokenMatcher> Matcher(absl::StatusOr<Grammar> grammar) {
    EXPECT_TRUE(grammar.ok()) << grammar.status();
    return std::make_unique<TokenMatcher>(std::make_shared<TokenGrammar>(*std::move(grammar), trie_));
  }

  // What the bytes say, tried one after the other.
  std::vector<bool> BruteForce(const Grammar& grammar, const std::string& text) {
    std::vector<bool> allowed(kVocabSize, false);
    Pushdown pushdown(&grammar);
    for (size_t id = 0; id < tokenizer_.vocab_size(); ++id) {
      const std::string token(tokenizer_.TokenBytes(static_cast<int32_t>(id)));
      allowed[id] = !token.empty() && MatchText(pushdown, text + token) != Match::kNo;
    }
    return allowed;
  }

  ListTokenizer tokenizer_;
  std::shared_ptr<const TokenTrie> trie_;
};

TEST_F(TokenMatcherTest, MasksAreWhatTheBytesSay) {
  std::mt19937 rng(2);
  const absl::StatusOr<Grammar> grammars[] = {
      CompileJsonObject(),
      CompileJsonSchema(R"({"type":"object","properties":{"name":{"type":"string","maxLength":4},
          "é":{"type":"array","items":{"type":"number"}}},"required":["é"],"additionalProperties":true})"),
      CompileRegex("(ab|a|é)*\\d{2,5}|[^a-z]{3}x?"),
      CompileGrammarText(
          "root ::= \"[\" root \"]\" | \"[\" root root \"]\" | x\nx ::= \"a\" x \"b\" | [^a]?"),
  };
  for (const absl::StatusOr<Grammar>& grammar : grammars) {
    for (int walk = 0; walk < 8; ++walk) {
      auto matcher = Matcher(grammar);
      std::string text;
      for (int step = 0; step < 12; ++step) {
        const std::vector<uint64_t> mask = [&] {
          const auto allowed = matcher->Allowed({}, true);
          return std::vector<uint64_t>(allowed.begin(), allowed.end());
        }();
        const std::vector<bool> wanted = BruteForce(*grammar, text);
        std::vector<int32_t> choices;
        for (int32_t id = 0; id < static_cast<int32_t>(kVocabSize); ++id) {
          ASSERT_EQ(IsAllowed(mask, id), wanted[id]) << "token " << id << " after '" << text << "'";
          if (wanted[id]) {
            choices.push_back(id);
          }
        }
        if (choices.empty()) {
          break;
        }
        const int32_t chosen = choices[rng() % choices.size()];
        ASSERT_TRUE(matcher->Accept(chosen));
        text += tokenizer_.TokenBytes(chosen);
        ASSERT_EQ(matcher->accepting(), MatchText(*grammar, text) == Match::kWhole) << text;
      }
    }
  }
}

TEST_F(TokenMatcherTest, EndTokensAreAllowedWhereTheTextMayEnd) {
  auto matcher = Matcher(CompileRegex("ab?"));
  const std::vector<int32_t> ends = {'b', 350, 399};  // One of them has bytes.
  EXPECT_FALSE(IsAllowed(matcher->Allowed(ends, true), 350));
  ASSERT_TRUE(matcher->Accept('a'));
  EXPECT_TRUE(matcher->accepting());
  EXPECT_FALSE(matcher->complete());
  EXPECT_TRUE(IsAllowed(matcher->Allowed(ends, true), 350));
  EXPECT_TRUE(IsAllowed(matcher->Allowed(ends, true), 399));
  EXPECT_TRUE(IsAllowed(matcher->Allowed(ends, true), 'b'));
  EXPECT_FALSE(IsAllowed(matcher->Allowed(ends, false), 350));
  EXPECT_FALSE(IsAllowed(matcher->Allowed(ends, false), 'b'));
  EXPECT_TRUE(IsAllowed(matcher->Allowed({}, true), 'b'));
  ASSERT_TRUE(matcher->Accept('b'));
  EXPECT_TRUE(matcher->complete());
  EXPECT_FALSE(matcher->Accept('b'));
}

TEST_F(TokenMatcherTest, GuessesChangeNothing) {
  auto matcher = Matcher(CompileRegex("a(bc|d)*"));
  matcher->BeginGuess();
  EXPECT_TRUE(matcher->AcceptGuess('a'));
  EXPECT_TRUE(matcher->AcceptGuess('b'));
  EXPECT_FALSE(matcher->AcceptGuess('d'));
  EXPECT_TRUE(matcher->AcceptGuess('c'));
  EXPECT_FALSE(matcher->Accept('b'));
  EXPECT_TRUE(matcher->Accept('a'));
  matcher->BeginGuess();
  EXPECT_FALSE(matcher->AcceptGuess('a'));
}

// A state of which much has been forgotten and one that was come to directly.
TEST_F(TokenMatcherTest, MasksDoNotDependOnTheWayThere) {
  const auto grammar = CompileRegex("[a-z]{5000}");
  auto walked = Matcher(grammar);
  auto hurried = Matcher(grammar);
  for (int i = 0; i < 4998; ++i) {
    if (i % 10 == 0) {
      walked->Allowed({}, true);
    }
    ASSERT_TRUE(walked->Accept('a' + i % 26));
    ASSERT_TRUE(hurried->Accept('q'));
  }
  EXPECT_TRUE(std::ranges::equal(walked->Allowed({}, true), hurried->Allowed({}, true)));
}

TEST_F(TokenMatcherTest, TheCacheCompilesOnceAndResumes) {
  GrammarCache cache(&tokenizer_, kVocabSize);
  EXPECT_EQ(*cache.NewMatcher({}, {}), nullptr);
  const std::vector<int32_t> begun = {'{', '"', 'a'};
  const auto matcher = cache.NewMatcher({ConstraintKind::kJsonObject}, begun);
  ASSERT_TRUE(matcher.ok()) << matcher.status();
  EXPECT_TRUE((*matcher)->Accept('"'));
  EXPECT_TRUE(IsError(
      cache.NewMatcher({ConstraintKind::kJsonObject}, std::vector<int32_t>{'{', 'a'}).status(),
      absl::StatusCode::kInvalidArgument, "generated[1] is 97, which json_object does not allow there"));
  EXPECT_TRUE(IsError(cache.NewMatcher({ConstraintKind::kRegex, "("}, {}).status(),
                      absl::StatusCode::kInvalidArgument, "regex: at byte 0: there is no )"));
  EXPECT_TRUE(IsError(cache.NewMatcher({ConstraintKind::kRegex, "([ab]?){2000}x"}, {}).status(),
                      absl::StatusCode::kInvalidArgument, "regex: there are too many ways to begin"));
}

}  // namespace
}  // namespace bitnet

#include "engine/grammar/regex.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>

#include "tests/engine/grammar/matching.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(RegexTest, MatchesTheWholeText) {
  ExpectMatches(CompileRegex("ab|c"), {"ab", "c"});
  ExpectNoMatch(CompileRegex("ab|c"), {"", "a", "abc", "xc", "cc"});
  ExpectMatches(CompileRegex("^(yes|no)$"), {"yes", "no"});
  ExpectNoMatch(CompileRegex("^(yes|no)$"), {"yes\n", "yesno"});
  ExpectMatches(CompileRegex("^a$|^b$|c"), {"a", "b", "c"});
  ExpectMatches(CompileRegex(R"(\d{3}-\d{4})"), {"555-1234"});
  ExpectNoMatch(CompileRegex(R"(\d{3}-\d{4})"), {"555-12345", "555-123", "abc-defg"});
  ExpectMatches(CompileRegex(""), {""});
  ExpectNoMatch(CompileRegex(""), {"a"});
}

TEST(RegexTest, ClassesAreOfCharacters) {
  ExpectMatches(CompileRegex("[\u00e9\u4e2d-\u4e2f]."), {"\u00e9x", "\u4e2e\U0001F600"});
  ExpectNoMatch(CompileRegex("[\u00e9\u4e2d-\u4e2f]."), {"\xC3x", "ex", "\u4e30x", "\u00e9\n", "\u00e9\xFF"});
  ExpectMatches(CompileRegex("[^a]"), {"b", "\n", "\U0010FFFF", "\u07FF", "\u0800", "\uFFFF", "\U00010000"});
  ExpectNoMatch(CompileRegex("[^a]"), {"a", "\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80"});
  ExpectMatches(CompileRegex(R"([\w.-]+@[^\s@]+)"), {"a.b-c@example.org", "_@\u00e9"});
  ExpectNoMatch(CompileRegex(R"([\w.-]+@[^\s@]+)"), {"a b@c", "@c", "a@b@c", "a@b c"});
  ExpectMatches(CompileRegex(R"(\D\W\S\t\n\x41\u0042\u{1F600}\.\0)"),
                {std::string("a-a\t\nAB\U0001F600.") + std::string(1, '\0')});
}

TEST(RegexTest, RepetitionsAndGroups) {
  ExpectMatches(CompileRegex("(?:a|(?<name>b)+?){2,3}"), {"aa", "aba", "bbbbbb"});
  ExpectNoMatch(CompileRegex("(?:a|b){2,3}"), {"a", "aaaa", "abab"});
  ExpectMatches(CompileRegex("((a*)*)*b"), {"b", "aaab"});
  ExpectMatches(CompileRegex("a{0}b{2}c{1,}d*?"), {"bbc", "bbccdd"});
}

// Another implementation, on random expressions of what both know.
TEST(RegexTest, AgreesWithTheStandardLibrary) {
  std::mt19937 rng(1);
  const auto pick = [&](int n) { return static_cast<int>(rng() % n); };
  // It backtracks, so there is no repetition within another.
  const std::function<std::string(int, bool)> random_regex = [&](int depth, bool repeats) -> std::string {
    const std::string atoms[] = {"a", "b", "c", "[ab]", "[^a]", "."};
    switch (depth == 0 ? 0 : pick(repeats ? 6 : 3)) {
      case 1:
        return random_regex(depth - 1, repeats) + random_regex(depth - 1, repeats);
      case 2:
        return "(" + random_regex(depth - 1, repeats) + "|" + random_regex(depth - 1, repeats) + ")";
      case 3:
        return "(?:" + random_regex(depth - 1, false) + ")*";
      case 4:
        return "(" + random_regex(depth - 1, false) + "){1,3}";
      case 5:
        return "(" + random_regex(depth - 1, false) + ")?" + random_regex(depth - 1, repeats);
      default:
        return atoms[pick(6)];
    }
  };
  int matched = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_regex(4, true);
    const auto grammar = CompileRegex(text);
    ASSERT_TRUE(grammar.ok()) << text << grammar.status();
    const std::regex reference(text);
    Pushdown pushdown(&*grammar);
    for (int j = 0; j < 40; ++j) {
      std::string sample;
      for (int n = pick(7); n > 0; --n) {
        sample += static_cast<char>('a' + pick(3));
      }
      const bool wanted = std::regex_match(sample, reference);
      EXPECT_EQ(MatchText(pushdown, sample) == Match::kWhole, wanted) << text << " on " << sample;
      matched += wanted ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 1000);
}

TEST(RegexTest, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"(a", "at byte 0: there is no ) for this ("},
      {"a)", "at byte 1: there is no ( for this )"},
      {"[a", "at byte 0: this class has no closing ]"},
      {"*a", "at byte 0: there is nothing to repeat"},
      {"a{2", "at byte 3: } is wanted"},
      {"a{x}", "at byte 2: a number up to 32768 is wanted"},
      {"a**", "at byte 2: a repetition cannot be repeated"},
      {"a++", "at byte 2: a repetition cannot be repeated"},
      {"(a)\\1", "at byte 3: this escape is not known"},
      {"\\bx", "at byte 0: this escape is not known"},
      {"(?=a)b", "groups can be"},
      {"(?<=a)b", "groups can be"},
      {"(?i)b", "groups can be"},
      {"\\p{L}", "at byte 0: this escape is not known"},
      {"a^b", "at byte 1: ^ is possible at the beginning"},
      {"a$b", "at byte 2: $ is possible at the end"},
      {"(a$)", "at byte 2: $ is possible outside of groups"},
      {"[z-a]", "ends below its beginning"},
      {"[\\d-z]", "has no beginning"},
      {"\\uD800", "are no character"},
      {"[^\\s\\S]", "no text of finite length matches"},
      {"\\", "at byte 0: this escape is not known"},
      {"(?<", "groups can be"},
      {"a\xFF", "at byte 1: this is not UTF-8"},
  };
  for (const auto& [text, message] : cases) {
    const auto grammar = CompileRegex(text);
    ASSERT_FALSE(grammar.ok()) << text;
    EXPECT_TRUE(IsError(grammar.status(), absl::StatusCode::kInvalidArgument, message)) << text;
  }
}

}  // namespace
}  // namespace bitnet

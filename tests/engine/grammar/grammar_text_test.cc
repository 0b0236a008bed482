#include "engine/grammar/grammar_text.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/engine/grammar/matching.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(GrammarTextTest, MatchesWhatItSays) {
  const auto list = CompileGrammarText(
      "# A list of words and numbers.\n"
      "root ::= \"(\" (item (\", \" item)*)? \")\"\n"
      "item ::= word | number |\n"
      "         root   # nested\n"
      "word ::= [a-z]+\n"
      "number ::= \"-\"? [0-9]{1,3}\n");
  ExpectMatches(list, {"()", "(a)", "(abc, 12, -7)", "((), (a, (1)))"});
  ExpectNoMatch(list, {"", "(", "(a,b)", "(1234)", "(-)", "()a", "(a, )", "A"});
}

TEST(GrammarTextTest, KnowsEscapesClassesAndRepetitions) {
  ExpectMatches(CompileGrammarText(R"(root ::= "\"\\\n\t\x41\u00e9\U0001F600")"),
                {"\"\\\n\tA\u00e9\U0001F600"});
  ExpectMatches(CompileGrammarText(R"(root ::= [^"\\]{2} [\]\-a-c]+)"),
                {"\u00e9\U0001F600]", "xya-c]", "  b"});
  ExpectNoMatch(CompileGrammarText(R"(root ::= [^"\\]{2} [\]\-a-c]+)"), {"\"xa", "xy", "xyd", "\xC3]a"});
  ExpectMatches(CompileGrammarText("root ::= . ."), {"ab", "\u00e9\n", "\U0001F600\u4e2d"});
  ExpectNoMatch(CompileGrammarText("root ::= . ."), {"a", "abc", "\xFF\xFF", "\xED\xA0\x80z", "\xC0\x80z"});
  ExpectMatches(CompileGrammarText("root ::= \"a\"{2,} \"b\"{0,2} \"c\"{3}"), {"aaccc", "aaaaabbccc"});
  ExpectNoMatch(CompileGrammarText("root ::= \"a\"{2,} \"b\"{0,2} \"c\"{3}"), {"accc", "aabbbccc", "aacccc"});
  ExpectMatches(CompileGrammarText("root ::= (\"ab\" | \"c\" \"d\" x){1,40} x\nx ::= "), {"ab", "cdab"});
}

TEST(GrammarTextTest, RulesMayBeginWithNothingAndEndWithThemselves) {
  const auto grammar =
      CompileGrammarText("root ::= a b root | \"x\"\na ::= \"a\"*\nb ::= (\"b\" | c)?\nc ::= a \"c\"");
  ASSERT_FALSE(grammar.ok());
  EXPECT_TRUE(IsError(grammar.status(), absl::StatusCode::kInvalidArgument, "rule root begins with itself"));
  ExpectMatches(CompileGrammarText("root ::= a* \"x\" root?\na ::= \"a\"* b?\nb ::= \"b\""),
                {"x", "abbaxbxaax"});
}

TEST(GrammarTextTest, AmbiguityDoesNotMultiplyWork) {
  // 2^30 ways to read each of these.
  const std::string as(3000, 'a');
  ExpectMatches(CompileGrammarText("root ::= a a a a a a a a a a\na ::= (\"a\" | \"a\" | \"aa\")*"),
                {as, ""});
  ExpectMatches(CompileGrammarText("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\""),
                {absl::StrCat(std::string(500, 'a'), "d", std::string(250, 'b'), std::string(250, 'c'))});
  ExpectMatches(CompileGrammarText("root ::= \"a\" | \"a\" root | \"aa\" root | \"a\" root root"),
                {as.substr(0, 300)});
}

TEST(GrammarTextTest, DepthEndsAtALimit) {
  const auto grammar = CompileGrammarText("root ::= \"(\" root \")\" | \"x\"");
  const auto nested = [](size_t n) { return absl::StrCat(std::string(n, '('), "x", std::string(n, ')')); };
  ExpectMatches(grammar, {nested(1000)});
  EXPECT_EQ(MatchText(*grammar, std::string(1100, '(')), Match::kNo);
  // A call at a rule's end is no deeper.
  ExpectMatches(CompileGrammarText("root ::= \"a\" root | \"b\""),
                {absl::StrCat(std::string(20000, 'a'), "b")});
}

TEST(GrammarTextTest, ForgetsWithoutLosingItsPlace) {
  // Each byte makes a new state, many more than are remembered.
  const auto grammar = CompileGrammarText("root ::= [a-z]{30000} \"!\"");
  ExpectMatches(grammar, {absl::StrCat(std::string(30000, 'q'), "!")});
  ExpectNoMatch(grammar, {absl::StrCat(std::string(29999, 'q'), "!")});
}

TEST(GrammarTextTest, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "there is no rule called root"},
      {"root = \"a\"", "at byte 0: a rule"},
      {"root ::= \"a", "at byte 9: this text has no closing"},
      {"root ::= [a", "at byte 9: this class has no closing"},
      {"root ::= (\"a\" | \"b\"", "at byte 9: there is no ) for this ("},
      {"root ::= \"a\")", "at byte 12: there is no ( for this )"},
      {"root ::= x\ny ::= \"a\"", "at byte 9: there is no rule called x"},
      {"root ::= \"a\"\nroot ::= \"b\"", "at byte 13: this rule is defined already"},
      {"root ::= \"\\q\"", "at byte 12: the escape before this is not known"},
      {"root ::= \"a\"{3,2}", "the upper number of {n,m} is below"},
      {"root ::= \"a\"{99999}", "a number up to 32768 is wanted"},
      {"root ::= [b-a]", "ends below its beginning"},
      {"root ::= *", "at byte 9: \"text\", a [class]"},
      {"root ::= \xFF", "at byte 9: this is not UTF-8"},
      {"root ::= \"a\" root", "no text of finite length matches"},
      {"root ::= root \"a\" | \"b\"", "rule root begins with itself"},
      {"root ::= [^\\x00-\\U0010FFFF]", "no text of finite length matches"},
      {"root ::= ((\"ab\"{30000}){30000}){30000}", ""},
      {"root ::= \"abc\"{30000} \"def\"{30000} \"ghi\"{30000} \"jk\"{30000} x{30000}\nx ::= \"a\"",
       "it is too large"},
      {"root ::= " + std::string(100, '(') + "x" + std::string(100, ')'),
       "groups are nested more than 64 deep"},
      {"root ::= " + std::string(65536, ' ') + "x", "it has 65546 bytes; 65536 are possible"},
  };
  for (const auto& [text, message] : cases) {
    const auto grammar = CompileGrammarText(text);
    if (message.empty()) {
      EXPECT_TRUE(grammar.ok()) << text.substr(0, 60) << grammar.status();
      continue;
    }
    ASSERT_FALSE(grammar.ok()) << text.substr(0, 60);
    EXPECT_TRUE(IsError(grammar.status(), absl::StatusCode::kInvalidArgument, message)) << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace bitnet

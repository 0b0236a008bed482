#include "engine/chat/jinja/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bitnet::jinja {
namespace {

Text Plain(std::string_view bytes) { return Text(bytes, Origin::kTemplate); }

std::vector<std::string> Bytes(const std::vector<Text>& texts) {
  std::vector<std::string> bytes;
  for (const Text& text : texts) bytes.push_back(text.bytes());
  return bytes;
}

using Strings = std::vector<std::string>;

TEST(TextTest, CountsCharacters) {
  EXPECT_EQ(CountChars("aé灯🗼"), 4u);
  EXPECT_EQ(CountChars("\xFF\xC3"), 2u);  // What is no character counts byte by byte.
  EXPECT_EQ(CharOffsets("é灯"), (std::vector<size_t>{0, 2, 5}));
}

TEST(TextTest, StripsWhiteSpaceAsPythonDoes) {
  const auto strip = [](std::string_view text) { return Strip(Plain(text), {}).bytes(); };
  EXPECT_EQ(strip(" \t\r\n a b \x1C\u3000\u00A0\u2003\n"), "a b");
  EXPECT_EQ(strip(""), "");
  EXPECT_EQ(strip(" \n\u2028"), "");
  EXPECT_EQ(strip("\u200Ba\u180E"), "\u200Ba\u180E");
  EXPECT_EQ(strip(" \xFF "), "\xFF");
  EXPECT_EQ(strip("a\x80\x80\x80\x80\x80 "), "a\x80\x80\x80\x80\x80");
  EXPECT_EQ(strip("\u00E9 "), "\u00E9");
}

TEST(TextTest, StripsGivenCharacters) {
  EXPECT_EQ(Strip(Plain("éaéxé"), {}, "éx").bytes(), "a");
  EXPECT_EQ(Strip(Plain("xax"), {.left = true, .right = false}, "x").bytes(), "ax");
  EXPECT_EQ(Strip(Plain("xax"), {.left = false, .right = true}, "x").bytes(), "xa");
  EXPECT_EQ(Strip(Plain(" a "), {}, "").bytes(), " a ");
}

TEST(TextTest, SplitsAtSeparators) {
  EXPECT_EQ(Bytes(Split(Plain("a--b--"), "--", -1, false)), (Strings{"a", "b", ""}));
  EXPECT_EQ(Bytes(Split(Plain("a--b--c"), "--", 1, false)), (Strings{"a", "b--c"}));
  EXPECT_EQ(Bytes(Split(Plain("a--b--c"), "--", 1, true)), (Strings{"a--b", "c"}));
  EXPECT_EQ(Bytes(Split(Plain("---"), "--", -1, true)), (Strings{"-", ""}));
  EXPECT_EQ(Bytes(Split(Plain("abc"), "x", 0, false)), (Strings{"abc"}));
}

TEST(TextTest, SplitsIntoWords) {
  EXPECT_EQ(Bytes(Split(Plain(" a\t b\u3000c \n"), std::nullopt, -1, false)), (Strings{"a", "b", "c"}));
  EXPECT_EQ(Bytes(Split(Plain(" a b  c "), std::nullopt, 1, false)), (Strings{"a", "b  c "}));
  EXPECT_EQ(Bytes(Split(Plain(" a b  c "), std::nullopt, 1, true)), (Strings{" a b", "c"}));
  EXPECT_EQ(Bytes(Split(Plain(" a b "), std::nullopt, 5, true)), (Strings{"a", "b"}));
  EXPECT_EQ(Bytes(Split(Plain(" \n "), std::nullopt, 0, false)), Strings{});
}

TEST(TextTest, ReplacesFromTheLeft) {
  EXPECT_EQ(Replace(Plain("aaa"), "aa", Plain("b"), -1).bytes(), "ba");
  EXPECT_EQ(Replace(Plain("a.b.c"), ".", Plain(""), 1).bytes(), "ab.c");
  EXPECT_EQ(Replace(Plain("é"), "", Plain("-"), -1).bytes(), "-é-");
  EXPECT_EQ(CountOccurrences("aaa", "aa"), 1u);
  EXPECT_EQ(CountOccurrences("é", ""), 2u);
}

TEST(TextTest, KeepsOriginsThroughAll) {
  Text text = Plain("<|");
  text.Append(Text("user", Origin::kUser));
  text.Append(Plain("|>"));
  const auto shown = [](const Text& t) {
    std::string marks;
    for (size_t i = 0; i < t.size(); ++i) marks += t.origin(i) == Origin::kUser ? 'u' : 't';
    return t.bytes() + ":" + marks;
  };
  EXPECT_EQ(shown(text), "<|user|>:ttuuuutt");
  EXPECT_EQ(shown(text.Part(1, 4)), "|us:tuu");
  EXPECT_EQ(shown(ToUpper(text)), "<|USER|>:ttuuuutt");
  EXPECT_EQ(shown(Strip(text, {}, "<|")), "user|>:uuuutt");
  EXPECT_EQ(shown(Replace(text, "s", Plain("ss"), -1)), "<|usser|>:ttuttuutt");
  EXPECT_EQ(shown(Split(text, "|", -1, false)[1]), "user:uuuu");
  EXPECT_EQ(text.origin(), Origin::kUser);
  EXPECT_EQ(text.Part(6).origin(), Origin::kTemplate);
}

}  // namespace
}  // namespace bitnet::jinja

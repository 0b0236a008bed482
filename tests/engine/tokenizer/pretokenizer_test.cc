#include "engine/tokenizer/pretokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class PretokenizerTest : public testing::Test {
 protected:
  std::vector<std::string> Split(std::string_view text) const {
    std::vector<std::string> words;
    pretokenizer_.Split(text, [&](std::string_view word) { words.emplace_back(word); });
    return words;
  }

  const Pretokenizer pretokenizer_ = *Pretokenizer::Create(FindPretokenizer("llama-bpe")->steps);
};

TEST_F(PretokenizerTest, CutsTextAsLlama3Does) {
  EXPECT_EQ(Split("Hello, world!"), (std::vector<std::string>{"Hello", ",", " world", "!"}));
  EXPECT_EQ(Split("They'RE 12345 x"), (std::vector<std::string>{"They", "'RE", " ", "123", "45", " x"}));
  EXPECT_EQ(Split("a  b\n\n c \r\n"), (std::vector<std::string>{"a", " ", " b", "\n\n", " c", " \r\n"}));
  EXPECT_EQ(Split("x != y;\n}"), (std::vector<std::string>{"x", " !=", " y", ";\n", "}"}));
  EXPECT_EQ(Split("\u0645\u0631\u062D\u0628\u0627 \u4F60\u597D"),
            (std::vector<std::string>{"\u0645\u0631\u062D\u0628\u0627", " \u4F60\u597D"}));
  EXPECT_EQ(Split(""), (std::vector<std::string>{}));
}

TEST_F(PretokenizerTest, TakesUnicodeSpacesButNotTheMongolianVowelSeparator) {
  EXPECT_EQ(Split("a\u3000\u2003 b"), (std::vector<std::string>{"a", "\u3000\u2003", " b"}));
  EXPECT_EQ(Split("1\u180E2"), (std::vector<std::string>{"1", "\u180E", "2"}));
  EXPECT_EQ(Split("1 \u180E\n2"), (std::vector<std::string>{"1", " \u180E\n", "2"}));
}

TEST_F(PretokenizerTest, CutsAtInvalidBytes) {
  EXPECT_EQ(Split("ab\xFF\xFE"
                  "cd"),
            (std::vector<std::string>{"ab", "\xFF", "\xFE", "cd"}));
  EXPECT_EQ(Split("\xE2\x82"), (std::vector<std::string>{"\xE2", "\x82"}));
  EXPECT_EQ(Split("a \xC3"), (std::vector<std::string>{"a", " ", "\xC3"}));
}

TEST_F(PretokenizerTest, LosesNoByte) {
  std::mt19937 rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng() % 40, '\0');
    for (char& c : text) {
      c = static_cast<char>(rng() % 3 == 0 ? rng() % 256 : " \n\t'sa1.\xC3\xA9\xF0\x9F"[rng() % 12]);
    }
    std::string joined;
    for (const std::string& word : Split(text)) {
      EXPECT_FALSE(word.empty());
      joined += word;
    }
    ASSERT_EQ(joined, text);
  }
}

// Long runs are where a backtracking matcher runs out of stack or time.
TEST_F(PretokenizerTest, KeepsLongRunsTogether) {
  constexpr size_t kLength = 1 << 20;
  EXPECT_EQ(Split(std::string(kLength, 'a')).size(), 1u);
  EXPECT_EQ(Split(std::string(kLength, '.')).size(), 1u);
  EXPECT_EQ(Split(std::string(kLength, ' ')).size(), 1u);
  EXPECT_EQ(Split(std::string(kLength, ' ').append("a")).size(), 2u);
  EXPECT_EQ(Split(std::string(kLength, '\n')).size(), 1u);
  EXPECT_EQ(Split(std::string(kLength, '1')).size(), kLength / 3 + 1);
  std::string accents;
  for (size_t i = 0; i < kLength / 2; ++i) {
    accents += "\u00E9";
  }
  EXPECT_EQ(Split(accents).size(), 1u);
}

std::vector<std::string> SplitAs(const char* name, std::string_view text) {
  std::vector<std::string> words;
  Pretokenizer::Create(FindPretokenizer(name)->steps)->Split(text, [&](std::string_view word) {
    words.emplace_back(word);
  });
  return words;
}

TEST(PretokenizerKindsTest, CutTextAsTheirModelsDo) {
  constexpr std::string_view kText = "I'LL we'll 1234  x!?`\n\n y";
  EXPECT_EQ(SplitAs("qwen2", kText), (std::vector<std::string>{"I", "'LL", " we", "'ll", " ", "1", "2", "3",
                                                               "4", " ", " x", "!?`\n\n", " y"}));
  EXPECT_EQ(SplitAs("gpt-2", kText), (std::vector<std::string>{"I", "'", "LL", " we", "'ll", " 1234", " ",
                                                               " x", "!?`", "\n\n", " y"}));
  EXPECT_EQ(SplitAs("smollm", kText), (std::vector<std::string>{"I", "'", "LL", " we", "'ll", " ", "1", "2",
                                                                "3", "4", " ", " x", "!?`", "\n\n", " y"}));
  EXPECT_EQ(SplitAs("falcon", kText), (std::vector<std::string>{"I", "'", "LL", " we", "'", "ll", " ", "123",
                                                                "4", " ", " x", "!?`", "\n\n", " y"}));
  EXPECT_EQ(SplitAs("default", "!?`"), (std::vector<std::string>{"!?", "`"}));
  EXPECT_EQ(SplitAs("steps:punctuation,digits", "a!?12"), (std::vector<std::string>{"a", "!", "?", "12"}));
}

// Without steps there is nothing to cut but invalid bytes.
TEST(PretokenizerKindsTest, WithoutStepsATextIsOneWord) {
  std::vector<std::string> words;
  Pretokenizer::Create({})->Split("a b\xFF c", [&](std::string_view word) { words.emplace_back(word); });
  EXPECT_EQ(words, (std::vector<std::string>{"a b", "\xFF", " c"}));
}

}  // namespace
}  // namespace bitnet

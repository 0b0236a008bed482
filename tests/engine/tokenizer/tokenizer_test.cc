#include "engine/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

class TokenizerTest : public testing::Test {
 protected:
  TokenizerTest() {
    TinyVocabulary vocabulary;
    th_ = vocabulary.AddMerge("t", "h");
    the_ = vocabulary.AddMerge("th", "e");
    space_the_ = vocabulary.AddMerge(" ", "the");
    // Merging ends at "b" "cd"; the whole word is a token all the same.
    cd_ = vocabulary.AddMerge("c", "d");
    bc_ = vocabulary.AddMerge("b", "c");
    bcd_ = vocabulary.AddMerge("bc", "d");
    bos_ = vocabulary.Add("<s>", TinyVocabulary::kControl);
    eot_ = vocabulary.Add("<|eot_id|>", TinyVocabulary::kControl);
    note_ = vocabulary.Add("<|note|>", TinyVocabulary::kUserDefined);
    think_ = vocabulary.Add("<think>", TinyVocabulary::kUserDefined);
    GgufWriter writer = vocabulary.Writer();
    writer.Uint32("tokenizer.ggml.bos_token_id", bos_);
    tokenizer_ = *MakeTokenizer(writer);
  }

  std::vector<int32_t> Plain(std::string_view text) const {
    return tokenizer_->Encode(text, SpecialTokens::kPlain);
  }
  std::vector<int32_t> Parse(std::string_view text) const {
    return tokenizer_->Encode(text, SpecialTokens::kParse);
  }

  int32_t th_, the_, space_the_, cd_, bc_, bcd_, bos_, eot_, note_, think_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(TokenizerTest, MergesWithinWords) {
  EXPECT_EQ(Plain("the the"), (std::vector<int32_t>{the_, space_the_}));
  EXPECT_EQ(Plain("tht"), (std::vector<int32_t>{th_, 't'}));
  EXPECT_EQ(Plain(""), (std::vector<int32_t>{}));
}

TEST_F(TokenizerTest, TakesAWordThatIsATokenWhole) {
  EXPECT_EQ(Plain("bcd"), (std::vector<int32_t>{bcd_}));
  EXPECT_EQ(Plain("abcd"), (std::vector<int32_t>{'a', 'b', cd_}));
}

TEST_F(TokenizerTest, ParsesMarkersOnlyWhenAsked) {
  EXPECT_EQ(Parse("the<|eot_id|>the<|note|>"), (std::vector<int32_t>{the_, eot_, the_, note_}));
  EXPECT_EQ(Plain("<s>"), (std::vector<int32_t>{'<', 's', '>'}));
  EXPECT_EQ(Parse("<s"), (std::vector<int32_t>{'<', 's'}));
  EXPECT_EQ(std::ranges::count(Plain("<|note|>"), note_), 0);
}

TEST_F(TokenizerTest, FindsUserDefinedTokensInAnyText) {
  EXPECT_EQ(Plain("the<think>the"), (std::vector<int32_t>{the_, think_, the_}));
  EXPECT_EQ(Parse("the<think>the"), (std::vector<int32_t>{the_, think_, the_}));
  EXPECT_EQ(tokenizer_->TokenBytes(think_), "<think>");
}

// Else what a user types could end the user's turn, or begin another's.
TEST_F(TokenizerTest, TakesUserDefinedMarkersForControlTokens) {
  EXPECT_EQ(std::ranges::count(Plain("<|note|>"), note_), 0);
  EXPECT_EQ(tokenizer_->TokenBytes(note_), "");
}

TEST_F(TokenizerTest, PutsTheBeginningInFrontOfAPrompt) {
  EXPECT_EQ(tokenizer_->EncodePrompt("the"), (std::vector<int32_t>{bos_, the_}));
  EXPECT_EQ(tokenizer_->EncodePrompt(""), (std::vector<int32_t>{bos_}));
}

TEST_F(TokenizerTest, GivesBackTheBytesOfAnyText) {
  std::mt19937 rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng() % 50, '\0');
    for (char& c : text) {
      c = static_cast<char>(rng() % 2 == 0 ? rng() % 256 : "the bcd<|s>\xE2\x82\xAC"[rng() % 14]);
    }
    ASSERT_EQ(tokenizer_->Decode(Plain(text)), text);
    std::string shown;
    for (const int32_t id : Parse(text)) {
      shown += tokenizer_->TokenText(id);
    }
    ASSERT_EQ(shown, text);
  }
}

// Merging ends at "b" "cd", and only llama-3 looks for the whole word first.
TEST(TokenizerKindsTest, TakesAWordThatIsATokenWholeOnlyWhereTheModelDoes) {
  TinyVocabulary vocabulary;
  const int32_t cd = vocabulary.AddMerge("c", "d");
  vocabulary.AddMerge("b", "c");
  const int32_t bcd = vocabulary.AddMerge("bc", "d");
  const auto encode = [&](const char* pre) {
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", pre)
        .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
        .Strings("tokenizer.ggml.merges", vocabulary.merges);
    return (*MakeTokenizer(writer))->Encode("bcd", SpecialTokens::kPlain);
  };
  EXPECT_EQ(encode("llama-bpe"), (std::vector<int32_t>{bcd}));
  EXPECT_EQ(encode("qwen2"), (std::vector<int32_t>{'b', cd}));
  EXPECT_EQ(encode("gpt-2"), (std::vector<int32_t>{'b', cd}));
}

TEST(TokenizerKindsTest, NormalizesWhereTheModelDoes) {
  const auto text = [&](const char* pre) {
    const TinyVocabulary vocabulary;
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", pre)
        .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
        .Strings("tokenizer.ggml.merges", {});
    const auto tokenizer = MakeTokenizer(writer);
    return (*tokenizer)->Decode((*tokenizer)->Encode("e\u0301\xFF", SpecialTokens::kPlain));
  };
  EXPECT_EQ(text("qwen2"), "\u00E9\xFF");
  EXPECT_EQ(text("olmo"), "\u00E9\xFF");
  EXPECT_EQ(text("gpt-2"), "e\u0301\xFF");
}

// Quadratic time would take minutes.
TEST_F(TokenizerTest, EncodesAMegabyteWithoutSpaces) {
  std::string text;
  while (text.size() < 3 << 20) {
    text += "the";
  }
  EXPECT_EQ(Plain(text).size(), 1u << 20);
  EXPECT_EQ(Plain(std::string(1 << 20, '\xFF')).size(), 1u << 20);
}

}  // namespace
}  // namespace bitnet

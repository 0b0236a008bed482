#include "engine/tokenizer/pretokenizer_names.h"

#include <gtest/gtest.h>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(PretokenizerNamesTest, MissingMeansLlama3) {
  for (const char* name : {"", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon_e"}) {
    const auto kind = FindPretokenizer(name);
    ASSERT_TRUE(kind.ok()) << name;
    EXPECT_EQ(kind->steps, (std::vector{SplitStep::kLlama3})) << name;
    EXPECT_TRUE(kind->whole_words && kind->adds_bos && !kind->nfc) << name;
  }
}

TEST(PretokenizerNamesTest, OnlyLlama3TakesWholeWords) {
  for (const char* name : {"qwen2", "gpt-2", "olmo", "smollm", "falcon", "default", "smaug-bpe"}) {
    const auto kind = FindPretokenizer(name);
    ASSERT_TRUE(kind.ok()) << name;
    EXPECT_FALSE(kind->whole_words || kind->adds_bos) << name;
  }
  EXPECT_TRUE(FindPretokenizer("qwen2")->nfc);
  EXPECT_TRUE(FindPretokenizer("olmo")->nfc);
  EXPECT_FALSE(FindPretokenizer("gpt-2")->nfc);
}

TEST(PretokenizerNamesTest, NamesKindsSoThatTheyAreFoundAgain) {
  using enum SplitStep;
  const auto name = [](std::vector<SplitStep> steps, bool nfc, bool whole_words) {
    return PretokenizerName({std::move(steps), nfc, whole_words, false});
  };
  EXPECT_EQ(name({kLlama3}, false, true), "llama-bpe");
  EXPECT_EQ(name({kLlama3}, false, false), "smaug-bpe");
  EXPECT_EQ(name({kQwen2}, true, false), "qwen2");
  EXPECT_EQ(name({kGpt2}, false, false), "gpt-2");
  EXPECT_EQ(name({kGpt2}, true, false), "olmo");
  EXPECT_EQ(name({kDigit, kGpt2}, false, false), "smollm");
  for (const bool nfc : {false, true}) {
    for (const bool whole_words : {false, true}) {
      const PretokenizerKind kind = {{kPunctuation, kDigits, kThreeDigits}, nfc, whole_words, false};
      const auto found = FindPretokenizer(PretokenizerName(kind));
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(found->steps, kind.steps);
      EXPECT_EQ(found->nfc, nfc);
      EXPECT_EQ(found->whole_words, whole_words);
    }
  }
  EXPECT_EQ(name({kPunctuation, kGpt2}, true, true), "steps:punctuation,gpt2;nfc;whole-words");
}

TEST(PretokenizerNamesTest, NamesWhatItDoesNotKnow) {
  for (const char* name :
       {"tekken", "steps:", "steps:gpt3", "steps:gpt2,", "steps:gpt2;nfd", "steps:byte-digits,gpt2",
        "steps:digit,digit,digit,digit,digit,digit,digit,digit,digit,digit"}) {
    EXPECT_TRUE(IsError(FindPretokenizer(name).status(), absl::StatusCode::kUnimplemented,
                        "'" + std::string(name) + "'"));
  }
}

}  // namespace
}  // namespace bitnet

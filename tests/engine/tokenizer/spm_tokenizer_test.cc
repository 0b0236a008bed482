#include "engine/tokenizer/spm_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

// <unk>, <s>, </s>, 256 bytes, and then what tests add.
struct SpmVocabularyFile {
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<int32_t> types;
  bool has_bytes;

  explicit SpmVocabularyFile(bool with_bytes = true) : has_bytes(with_bytes) {
    Add("<unk>", 0, 2);
    Add("<s>", 0, 3);
    Add("</s>", 0, 3);
    for (int byte = 0; with_bytes && byte < 256; ++byte) {
      Add(absl::StrFormat("<0x%02X>", byte), 0, 6);
    }
  }
  int32_t Add(const std::string& text, float score, int32_t type = 1) {
    tokens.push_back(text);
    scores.push_back(score);
    types.push_back(type);
    return static_cast<int32_t>(tokens.size()) - 1;
  }
  GgufWriter Writer() const {
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "llama")
        .Strings("tokenizer.ggml.tokens", tokens)
        .Float32s("tokenizer.ggml.scores", scores)
        .Int32s("tokenizer.ggml.token_type", types);
    return writer;
  }
};

constexpr int32_t kFirstByte = 3;

class SpmTokenizerTest : public testing::Test {
 protected:
  SpmTokenizerTest() {
    space_ = file_.Add("\u2581", -20);
    a_ = file_.Add("a", -21);
    b_ = file_.Add("b", -22);
    c_ = file_.Add("c", -23);
    euro_ = file_.Add("\u20AC", -24);
    bc_ = file_.Add("bc", -1);
    ab_ = file_.Add("ab", -2);
    abc_ = file_.Add("abc", -3);
    space_a_ = file_.Add("\u2581a", -4);
    spaces_ = file_.Add("\u2581\u2581", -5);
    note_ = file_.Add("<note>", 0, 4);
    tokenizer_ = *MakeTokenizer(file_.Writer());
  }
  std::vector<int32_t> Plain(std::string_view text) const {
    return tokenizer_->Encode(text, SpecialTokens::kPlain);
  }

  SpmVocabularyFile file_;
  int32_t space_, a_, b_, c_, euro_, bc_, ab_, abc_, space_a_, spaces_, note_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(SpmTokenizerTest, MergesTheHighestScoreFirst) {
  // "bc" before "ab", and then "a" with "bc"; that scores higher than the space with "a".
  EXPECT_EQ(Plain("abc"), (std::vector<int32_t>{space_, abc_}));
  EXPECT_EQ(Plain("ab"), (std::vector<int32_t>{space_, ab_}));
  EXPECT_EQ(Plain("ac"), (std::vector<int32_t>{space_a_, c_}));
  EXPECT_EQ(Plain("bcbc"), (std::vector<int32_t>{space_, bc_, bc_}));
  EXPECT_EQ(Plain(""), (std::vector<int32_t>{}));
}

TEST_F(SpmTokenizerTest, PutsASpaceInFrontAndTakesItAwayAgain) {
  EXPECT_EQ(Plain(" a"), (std::vector<int32_t>{space_, space_a_}));
  EXPECT_EQ(Plain("  b"), (std::vector<int32_t>{spaces_, space_, b_}));
  EXPECT_EQ(tokenizer_->Decode(Plain("  b")), "  b");
  EXPECT_EQ(tokenizer_->Decode(Plain("b")), "b");
  EXPECT_EQ(tokenizer_->TokenBytes(space_a_), " a");
  GgufWriter writer = file_.Writer();
  writer.Bool("tokenizer.ggml.add_space_prefix", false);
  const auto without = MakeTokenizer(writer);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ((*without)->Encode("a b", SpecialTokens::kPlain), (std::vector<int32_t>{a_, space_, b_}));
  EXPECT_EQ((*without)->Decode({{space_, b_}}), " b");
}

TEST_F(SpmTokenizerTest, SpellsUnknownCharactersInBytes) {
  EXPECT_EQ(Plain("\u20AC"), (std::vector<int32_t>{space_, euro_}));
  EXPECT_EQ(Plain("\u20AD"),
            (std::vector<int32_t>{space_, kFirstByte + 0xE2, kFirstByte + 0x82, kFirstByte + 0xAD}));
  EXPECT_EQ(Plain("\n\xFF"), (std::vector<int32_t>{space_, kFirstByte + '\n', kFirstByte + 0xFF}));
  EXPECT_EQ(tokenizer_->TokenBytes(kFirstByte + '\n'), "\n");
  // Not even if it is typed like that.
  EXPECT_EQ(std::ranges::count(Plain("<0x0A>"), kFirstByte + '\n'), 0);
}

TEST_F(SpmTokenizerTest, WithoutByteTokensUnknownCharactersAreOneUnknownToken) {
  SpmVocabularyFile file(/*with_bytes=*/false);
  const int32_t space = file.Add("\u2581", -1);
  const int32_t a = file.Add("a", -2);
  const auto tokenizer = MakeTokenizer(file.Writer());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("xyaz", SpecialTokens::kPlain), (std::vector<int32_t>{space, 0, a, 0}));
  EXPECT_EQ((*tokenizer)->TokenBytes(0), "");
}

TEST_F(SpmTokenizerTest, FindsMarkers) {
  EXPECT_EQ(tokenizer_->Encode("b</s>c", SpecialTokens::kParse),
            (std::vector<int32_t>{space_, b_, 2, space_, c_}));
  EXPECT_EQ(Plain("b<note>c"), (std::vector<int32_t>{space_, b_, note_, space_, c_}));
  EXPECT_EQ(std::ranges::count(Plain("</s>"), 2), 0);
}

TEST_F(SpmTokenizerTest, KnowsTheUsualRoles) {
  EXPECT_EQ(tokenizer_->bos_id(), 1);
  EXPECT_EQ(tokenizer_->eos_id(), 2);
  EXPECT_TRUE(tokenizer_->adds_bos());
  EXPECT_EQ(tokenizer_->EncodePrompt("b"), (std::vector<int32_t>{1, space_, b_}));
}

TEST_F(SpmTokenizerTest, MergesAsTheFileSaysWhereItSays) {
  GgufWriter writer = file_.Writer();
  writer.Strings("tokenizer.ggml.merges", {"a b", "ab c"});
  const auto tokenizer = MakeTokenizer(writer);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("bc abc", SpecialTokens::kPlain),
            (std::vector<int32_t>{space_, b_, c_, space_, abc_}));
}

TEST_F(SpmTokenizerTest, GivesBackTheBytesOfAnyText) {
  std::mt19937 rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng() % 50, '\0');
    for (char& c : text) {
      c = static_cast<char>(rng() % 4 == 0 ? rng() % 256 : "abc  <note>\xE2\x82\xAC"[rng() % 14]);
    }
    if (text.find(kSpmSpace) == std::string::npos && text.find("<note>") == std::string::npos) {
      ASSERT_EQ(tokenizer_->Decode(Plain(text)), text);
    }
  }
}

// The slow and obvious way: merge the best pair until none is left.
std::vector<std::string> MergeByScore(std::vector<std::string> symbols, const SpmVocabularyFile& file) {
  for (;;) {
    size_t best = symbols.size();
    float best_score = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto it = std::ranges::find(file.tokens, symbols[i] + symbols[i + 1]);
      if (it != file.tokens.end() && file.types[it - file.tokens.begin()] == 1) {
        const float score = file.scores[it - file.tokens.begin()];
        if (best == symbols.size() || score > best_score) {
          best = i;
          best_score = score;
        }
      }
    }
    if (best == symbols.size()) {
      return symbols;
    }
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

TEST(SpmMergingTest, AgreesWithTheObviousWay) {
  std::mt19937 rng(7);
  for (int vocabulary = 0; vocabulary < 30; ++vocabulary) {
    SpmVocabularyFile file;
    for (const char* c : {"a", "b", "c", "d"}) {
      file.Add(c, -100);
    }
    for (int i = 0; i < 40; ++i) {
      std::string text;
      for (size_t n = rng() % 4 + 2; n > 0; --n) {
        text += "abcd"[rng() % 4];
      }
      if (std::ranges::find(file.tokens, text) == file.tokens.end()) {
        file.Add(text, -static_cast<float>(rng() % 20));  // Some scores are equal.
      }
    }
    GgufWriter writer = file.Writer();
    writer.Bool("tokenizer.ggml.add_space_prefix", false);
    const auto tokenizer = MakeTokenizer(writer);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    for (int round = 0; round < 100; ++round) {
      std::vector<std::string> chars;
      std::string text;
      for (size_t n = rng() % 20; n > 0; --n) {
        chars.emplace_back(1, "abcd"[rng() % 4]);
        text += chars.back();
      }
      std::vector<std::string> found;
      for (const int32_t id : (*tokenizer)->Encode(text, SpecialTokens::kPlain)) {
        found.emplace_back((*tokenizer)->TokenText(id));
      }
      ASSERT_EQ(found, MergeByScore(chars, file)) << text;
    }
  }
}

// Quadratic time would take minutes.
TEST_F(SpmTokenizerTest, EncodesAMegabyte) {
  EXPECT_EQ(Plain(std::string(1 << 20, 'b')).size(), (1u << 20) + 1);
  EXPECT_EQ(Plain(std::string(1 << 20, ' ')).size(), (1u << 19) + 1);
}

TEST(SpmVocabularyTest, NamesWhatIsWrong) {
  const auto expect = [](const GgufWriter& writer, absl::StatusCode code, const std::string& message) {
    EXPECT_TRUE(IsError(MakeTokenizer(writer).status(), code, message));
  };
  SpmVocabularyFile file;
  file.Add("a", NAN);
  expect(file.Writer(), absl::StatusCode::kDataLoss, "'tokenizer.ggml.scores' has no number for token 259");
  file.scores.back() = 0;
  file.Add(std::string(1025, 'a'), 0);
  expect(file.Writer(), absl::StatusCode::kDataLoss, "has token 260 of 1025 bytes; at most 1024 were wanted");
  GgufWriter none;
  none.String("tokenizer.ggml.model", "llama").Strings("tokenizer.ggml.tokens", {"a"});
  expect(none, absl::StatusCode::kDataLoss, "has neither all of <0x00> to <0xFF>");
  none.Uint32("tokenizer.ggml.unknown_token_id", 0);
  expect(none, absl::StatusCode::kNotFound, "has no key 'tokenizer.ggml.scores'");
}

}  // namespace
}  // namespace bitnet

#include "engine/tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "tests/engine/status_assertions.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

std::vector<int32_t> Ids(std::span<const int32_t> ids) { return {ids.begin(), ids.end()}; }

void ExpectError(const GgufWriter& writer, absl::StatusCode code, const std::string& message) {
  const absl::Status status = MakeTokenizer(writer).status();
  EXPECT_TRUE(IsError(status, code, message));
  EXPECT_TRUE(IsError(status, code, "tiny.gguf: "));
}

void ExpectDataLoss(const GgufWriter& writer, const std::string& message) {
  ExpectError(writer, absl::StatusCode::kDataLoss, message);
}

TEST(VocabularyTest, ReadsBytesMarkersAndEndTokens) {
  TinyVocabulary vocabulary;
  const int32_t th = vocabulary.AddMerge("t", "h");
  const int32_t bos = vocabulary.Add("<|begin_of_text|>", TinyVocabulary::kControl);
  const int32_t eos = vocabulary.Add("<|end_of_text|>", TinyVocabulary::kControl);
  const int32_t eot = vocabulary.Add("<|eot_id|>", TinyVocabulary::kControl);
  const int32_t think = vocabulary.Add("<think>", TinyVocabulary::kUserDefined);
  const int32_t odd = vocabulary.Add("not in the alphabet", TinyVocabulary::kNormal);
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.bos_token_id", bos).Uint32("tokenizer.ggml.eos_token_id", eos);
  const auto tokenizer = MakeTokenizer(writer);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const Tokenizer& t = **tokenizer;
  EXPECT_EQ(t.vocab_size(), 262u);
  EXPECT_EQ(t.bos_id(), bos);
  EXPECT_TRUE(t.adds_bos());
  EXPECT_EQ(Ids(t.end_ids()), (std::vector<int32_t>{eos, eot}));
  EXPECT_EQ(t.TokenBytes(' '), " ");
  EXPECT_EQ(t.TokenBytes(0xFF), "\xFF");
  EXPECT_EQ(t.TokenBytes(th), "th");
  EXPECT_EQ(t.TokenText(th), "th");
  EXPECT_EQ(t.TokenBytes(eot), "");
  EXPECT_EQ(t.TokenText(eot), "<|eot_id|>");
  EXPECT_EQ(t.TokenBytes(think), "<think>");
  EXPECT_EQ(t.TokenBytes(odd), "not in the alphabet");
}

TEST(VocabularyTest, NeedsNeitherTypesNorScoresNorSpecialTokens) {
  const TinyVocabulary vocabulary;
  GgufWriter writer;
  writer.String("tokenizer.ggml.model", "gpt2")
      .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
      .Strings("tokenizer.ggml.merges", {});
  const auto tokenizer = MakeTokenizer(writer);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_FALSE((*tokenizer)->adds_bos());
  EXPECT_EQ((*tokenizer)->bos_id(), std::nullopt);
  EXPECT_TRUE((*tokenizer)->end_ids().empty());
}

TEST(VocabularyTest, TakesEndOfTurnForAMarkerWhateverItsType) {
  TinyVocabulary vocabulary;
  const int32_t eot = vocabulary.Add("<|eot_id|>", TinyVocabulary::kNormal);
  const auto tokenizer = MakeTokenizer(vocabulary.Writer());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(Ids((*tokenizer)->end_ids()), (std::vector<int32_t>{eot}));
  EXPECT_EQ((*tokenizer)->TokenBytes(eot), "");
}

TEST(VocabularyTest, HeedsAddBosToken) {
  const TinyVocabulary vocabulary;
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.bos_token_id", 1).Bool("tokenizer.ggml.add_bos_token", false);
  const auto tokenizer = MakeTokenizer(writer);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_FALSE((*tokenizer)->adds_bos());
  EXPECT_EQ((*tokenizer)->bos_id(), 1);
}

TEST(VocabularyTest, AddsBosWhereItsKindDoes) {
  const auto adds_bos = [](const char* pre) {
    const TinyVocabulary vocabulary;
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", pre)
        .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
        .Strings("tokenizer.ggml.merges", {})
        .Uint32("tokenizer.ggml.bos_token_id", 1);
    return (*MakeTokenizer(writer))->adds_bos();
  };
  EXPECT_TRUE(adds_bos("llama-bpe"));
  EXPECT_FALSE(adds_bos("qwen2"));
  EXPECT_FALSE(adds_bos("olmo"));
}

TEST(VocabularyTest, FindsEveryEnd) {
  TinyVocabulary vocabulary;
  const int32_t im_end = vocabulary.Add("<|im_end|>", TinyVocabulary::kUserDefined);
  const int32_t end = vocabulary.Add("<|endoftext|>", TinyVocabulary::kControl);
  const int32_t plain = vocabulary.Add("<end_of_turn>", TinyVocabulary::kNormal);
  const int32_t stop = vocabulary.Add("</s>", TinyVocabulary::kUserDefined);
  const int32_t eot = vocabulary.Add("[EOT]", TinyVocabulary::kControl);
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.eos_token_id", stop)
      .Uint32("tokenizer.ggml.eot_token_id", eot)
      .Int32s("tokenizer.ggml.eos_token_ids", {stop, 'x'});
  const auto tokenizer = MakeTokenizer(writer);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->eos_id(), stop);
  EXPECT_EQ(Ids((*tokenizer)->end_ids()), (std::vector<int32_t>{stop, eot, 'x', im_end, end}));
  EXPECT_EQ((*tokenizer)->TokenBytes(stop), "");  // A user's "</s>" does not end a turn.
  EXPECT_EQ((*tokenizer)->TokenBytes(im_end), "");
  EXPECT_EQ((*tokenizer)->TokenBytes(plain), "<end_of_turn>");
  GgufWriter bad = vocabulary.Writer();
  bad.Int32s("tokenizer.ggml.eos_token_ids", {-1});
  ExpectDataLoss(bad, "'tokenizer.ggml.eos_token_ids' has -1; there are 261 tokens");
  GgufWriter many = vocabulary.Writer();
  many.Int32s("tokenizer.ggml.eos_token_ids", std::vector<int32_t>(1001));
  ExpectDataLoss(many, "'tokenizer.ggml.eos_token_ids' has 1001 items; at most 1000 were wanted");
}

TEST(VocabularyTest, RefusesUnknownKinds) {
  GgufWriter writer;
  writer.String("tokenizer.ggml.model", "t5");
  ExpectError(writer, absl::StatusCode::kUnimplemented, "'tokenizer.ggml.model' is 't5'");
  GgufWriter other;
  other.String("tokenizer.ggml.model", "gpt2").String("tokenizer.ggml.pre", "tekken");
  ExpectError(other, absl::StatusCode::kUnimplemented, "'tokenizer.ggml.pre' is 'tekken'");
  ExpectError(GgufWriter(), absl::StatusCode::kNotFound, "has no key 'tokenizer.ggml.model'");
}

TEST(VocabularyTest, RefusesLengthsThatDisagree) {
  const TinyVocabulary vocabulary;
  GgufWriter scores = vocabulary.Writer();
  scores.Float32s("tokenizer.ggml.scores", {0, 0});
  ExpectDataLoss(scores, "'tokenizer.ggml.scores' has 2 items; 256 were wanted");
  TinyVocabulary short_types;
  short_types.types.pop_back();
  ExpectDataLoss(short_types.Writer(), "'tokenizer.ggml.token_type' has 255 items; 256 were wanted");
  TinyVocabulary none;
  none.tokens.clear();
  none.types.clear();
  ExpectDataLoss(none.Writer(), "'tokenizer.ggml.tokens' has 0 items");
}

TEST(VocabularyTest, RefusesUnknownTypes) {
  TinyVocabulary vocabulary;
  vocabulary.types[7] = 9;
  ExpectDataLoss(vocabulary.Writer(), "has type 9 for token 7; 0 to 6 were wanted");
}

TEST(VocabularyTest, NamesAByteWithoutToken) {
  TinyVocabulary vocabulary;
  vocabulary.tokens[' '] = "something else";
  ExpectDataLoss(vocabulary.Writer(), "has no token for byte 0x20, written '\u0120'");
}

TEST(VocabularyTest, LeavesOutBytesThatTheTrainingTextDidNotHave) {
  TinyVocabulary vocabulary;
  vocabulary.tokens[4] = "something else";
  const int32_t ab = vocabulary.AddMerge("a", "b");
  const auto tokenizer = MakeTokenizer(vocabulary.Writer());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->Encode("\x04", SpecialTokens::kPlain), (std::vector<int32_t>{}));
  EXPECT_EQ((*tokenizer)->Encode("ab\x04", SpecialTokens::kPlain), (std::vector<int32_t>{ab}));
}

TEST(VocabularyTest, NamesWrongMerges) {
  const auto expect = [](const std::string& merge, const std::string& message) {
    TinyVocabulary vocabulary;
    vocabulary.AddMerge("a", "b");
    vocabulary.merges.push_back(merge);
    ExpectDataLoss(vocabulary.Writer(), "'tokenizer.ggml.merges' has merge 1, '" + merge + "', " + message);
  };
  expect("ab", "which is not two tokens");
  expect("", "which is not two tokens");
  expect(" a", "which is not two tokens");
  expect("a ", "which is not two tokens");
  expect("a xyz", "a part of which is no token");
  expect("xyz a", "a part of which is no token");
  expect("a c", "whose result is no token");
}

TEST(VocabularyTest, RefusesIdsOutOfRange) {
  for (const char* key :
       {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    GgufWriter writer = TinyVocabulary().Writer();
    writer.Uint32(key, 256);
    ExpectDataLoss(writer, std::string("'") + key + "' is 256; there are 256 tokens");
  }
  GgufWriter writer = TinyVocabulary().Writer();
  writer.Bool("tokenizer.ggml.add_bos_token", true);
  ExpectDataLoss(writer, "'tokenizer.ggml.add_bos_token' is true, but there is no key");
}

}  // namespace
}  // namespace bitnet

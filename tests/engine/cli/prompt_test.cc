#include "engine/cli/prompt.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/engine/status_assertions.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

std::unique_ptr<Tokenizer> MakeTestTokenizer(bool with_chat_format) {
  TinyVocabulary vocabulary;
  const int32_t bos = vocabulary.Add("<s>", TinyVocabulary::kControl);
  vocabulary.Add(with_chat_format ? "<|eot_id|>" : "<end>", TinyVocabulary::kControl);
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(bos));
  return *MakeTokenizer(writer);
}

std::string Text(const Tokenizer& tokenizer, const absl::StatusOr<std::vector<int32_t>>& ids) {
  std::string text;
  for (const int32_t id : *ids) {
    text += tokenizer.TokenText(id);
  }
  return text;
}

TEST(PromptTest, IsAChatTurnWhereTheModelKnowsChat) {
  const auto tokenizer = MakeTestTokenizer(true);
  InferOptions options;
  EXPECT_EQ(Text(*tokenizer, EncodePromptText(options, *tokenizer, "hi\n")),
            "<s>User: hi<|eot_id|>Assistant: ");
  options.system = "Be brief.";
  EXPECT_EQ(Text(*tokenizer, EncodePromptText(options, *tokenizer, "hi")),
            "<s>System: Be brief.<|eot_id|>User: hi<|eot_id|>Assistant: ");
}

TEST(PromptTest, IsRawWhenAskedOrWhereTheModelKnowsNoChat) {
  const auto chat = MakeTestTokenizer(true);
  const auto plain = MakeTestTokenizer(false);
  InferOptions options;
  EXPECT_EQ(Text(*plain, EncodePromptText(options, *plain, "hi\n")), "<s>hi\n");
  options.format = PromptFormat::kRaw;
  EXPECT_EQ(Text(*chat, EncodePromptText(options, *chat, "hi\n")), "<s>hi\n");
}

TEST(PromptTest, RefusesChatWhereTheModelKnowsNone) {
  const auto plain = MakeTestTokenizer(false);
  InferOptions options;
  options.format = PromptFormat::kChat;
  EXPECT_TRUE(IsError(EncodePromptText(options, *plain, "hi").status(), absl::StatusCode::kFailedPrecondition,
                      "no known chat format"));
}

TEST(PromptTest, ParsesMarkersOnlyWhenAsked) {
  const auto tokenizer = MakeTestTokenizer(true);
  InferOptions options;
  options.format = PromptFormat::kRaw;
  EXPECT_EQ(EncodePromptText(options, *tokenizer, "<|eot_id|>")->size(), 11u);
  options.parse_markers = true;
  EXPECT_EQ(EncodePromptText(options, *tokenizer, "<|eot_id|>")->size(), 2u);
}

TEST(PromptTest, ReadsFilesOrSaysWhyNot) {
  InferOptions options;
  options.prompt_file = "/no/such/file";
  EXPECT_TRUE(IsError(ReadPromptText(options, true).status(), absl::StatusCode::kNotFound, "/no/such/file"));
  options.prompt_file = "/";
  EXPECT_FALSE(ReadPromptText(options, true).ok());
  EXPECT_EQ(*ReadPromptText(InferOptions(), true), std::nullopt);
}

TEST(PromptTest, ShowsTokensAndLogprobsToPeople) {
  const auto tokenizer = MakeTestTokenizer(true);
  EXPECT_EQ(DescribeTokens(*tokenizer, {256, 'a', '\n', 0xC3}),
            "    256  \"<s>\"\n     97  \"a\"\n     10  \"\\n\"\n    195  \"\xC3\"\n");
  EXPECT_EQ(DescribeLogprobs(*tokenizer, {{0, 'a', -0.5f, {{'a', -0.5f}, {'b', -1.0f}}}}),
            "     97    -0.5000  \"a\"  of -0.5000 \"a\", -1.0000 \"b\"\n");
}

}  // namespace
}  // namespace bitnet

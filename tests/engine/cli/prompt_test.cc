#include "engine/cli/prompt.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/engine/chat/chat_model.h"
#include "tests/engine/status_assertions.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

ChatModel MakeModel(bool with_chat_format) {
  TinyVocabulary vocabulary;
  const int32_t bos = vocabulary.Add("<s>", TinyVocabulary::kControl);
  vocabulary.Add(with_chat_format ? "<|eot_id|>" : "<end>", TinyVocabulary::kControl);
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(bos));
  writer.String("general.architecture", "bitnet-b1.58");
  return *MakeChatModel(writer);
}

absl::StatusOr<std::vector<int32_t>> Encode(const InferOptions& options, const ChatModel& model,
                                            const std::string& text) {
  return EncodePromptText(options, *model.tokenizer, *model.chat, text);
}

std::string Text(const InferOptions& options, const ChatModel& model, const std::string& prompt) {
  const std::vector<int32_t> ids = *Encode(options, model, prompt);
  std::string text;
  for (const int32_t id : ids) {
    text += model.tokenizer->TokenText(id);
  }
  return text;
}

TEST(PromptTest, IsAChatTurnWhereTheModelKnowsChat) {
  const ChatModel model = MakeModel(true);
  InferOptions options;
  EXPECT_EQ(Text(options, model, "hi\n"), "<s>User: hi<|eot_id|>Assistant: ");
  options.system = "Be brief.";
  EXPECT_EQ(Text(options, model, "hi"), "<s>System: Be brief.<|eot_id|>User: hi<|eot_id|>Assistant: ");
}

TEST(PromptTest, IsRawWhenAskedOrWhereTheModelKnowsNoChat) {
  const ChatModel chat = MakeModel(true);
  const ChatModel plain = MakeModel(false);
  InferOptions options;
  EXPECT_EQ(Text(options, plain, "hi\n"), "<s>hi\n");
  options.format = PromptFormat::kRaw;
  EXPECT_EQ(Text(options, chat, "hi\n"), "<s>hi\n");
}

TEST(PromptTest, RefusesChatWhereTheModelKnowsNone) {
  const ChatModel plain = MakeModel(false);
  InferOptions options;
  options.format = PromptFormat::kChat;
  EXPECT_TRUE(IsError(Encode(options, plain, "hi").status(), absl::StatusCode::kFailedPrecondition,
                      "no known chat format"));
}

TEST(PromptTest, ParsesMarkersOnlyWhenAsked) {
  const ChatModel model = MakeModel(true);
  InferOptions options;
  options.format = PromptFormat::kRaw;
  EXPECT_EQ(Encode(options, model, "<|eot_id|>")->size(), 11u);
  options.parse_markers = true;
  EXPECT_EQ(Encode(options, model, "<|eot_id|>")->size(), 2u);
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
  const ChatModel model = MakeModel(true);
  EXPECT_EQ(DescribeTokens(*model.tokenizer, {256, 'a', '\n', 0xC3}),
            "    256  \"<s>\"\n     97  \"a\"\n     10  \"\\n\"\n    195  \"\xC3\"\n");
  EXPECT_EQ(DescribeLogprobs(*model.tokenizer, {{0, 'a', -0.5f, {{'a', -0.5f}, {'b', -1.0f}}}}),
            "     97    -0.5000  \"a\"  of -0.5000 \"a\", -1.0000 \"b\"\n");
}

}  // namespace
}  // namespace bitnet

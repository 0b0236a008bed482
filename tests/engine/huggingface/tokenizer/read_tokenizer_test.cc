#include "engine/huggingface/tokenizer/read_tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "engine/tokenizer/byte_unicode.h"
#include "tests/engine/huggingface/tokenizer/model_directory.h"
#include "tests/engine/huggingface/tokenizer/wire_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using nlohmann::json;

// Byte-level: ids 0 to 255 are the bytes, 256 is "ab".
json ByteLevelTokenizer() {
  json vocab;
  for (int byte = 0; byte < 256; ++byte) {
    vocab[EncodeByteUnicode(std::string(1, static_cast<char>(byte)))] = byte;
  }
  vocab["ab"] = 256;
  return {{"added_tokens", json::array()},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
          {"post_processor", nullptr},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b"}}}}};
}

json Added(uint64_t id, const char* content, bool special) {
  return {{"id", id}, {"content", content}, {"special", special}, {"lstrip", false}};
}

std::string StringKey(const ModelKeys& keys, const char* key) { return std::get<std::string>(keys.at(key)); }
uint64_t IdKey(const ModelKeys& keys, const char* key) { return std::get<uint64_t>(keys.at(key)); }

TEST(ReadHfTokenizerTest, GivesTheKeysOfAGgufFile) {
  json tokenizer = ByteLevelTokenizer();
  tokenizer["added_tokens"] = {Added(257, "<s>", true), Added(258, "<think>", false),
                               Added(259, "<|fim|>", false), Added(261, "<end>", true)};
  tokenizer["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       {{{"type", "ByteLevel"}},
        {{"type", "TemplateProcessing"},
         {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}}}}}};
  ModelDirectory directory;
  directory.Write("tokenizer.json", tokenizer.dump())
      .Write("tokenizer_config.json",
             R"({"bos_token": {"content": "<s>"}, "eos_token": "<end>", "chat_template": "{{ messages }}"})")
      .Write("generation_config.json", R"({"eos_token_id": [261, 65, 1000], "bos_token_id": 1})");
  ModelKeys keys;
  ASSERT_TRUE(ReadHfTokenizer(directory.path(), 264, keys).ok());
  EXPECT_EQ(StringKey(keys, "tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(StringKey(keys, "tokenizer.ggml.pre"), "gpt-2");
  EXPECT_EQ(StringKey(keys, "tokenizer.chat_template"), "{{ messages }}");
  EXPECT_EQ(IdKey(keys, "tokenizer.ggml.bos_token_id"), 257u);
  EXPECT_EQ(IdKey(keys, "tokenizer.ggml.eos_token_id"), 261u);
  EXPECT_TRUE(std::get<bool>(keys.at("tokenizer.ggml.add_bos_token")));
  EXPECT_EQ(std::get<std::vector<int64_t>>(keys.at("tokenizer.ggml.eos_token_ids")),
            (std::vector<int64_t>{261, 65}));
  EXPECT_EQ(std::get<std::vector<std::string>>(keys.at("tokenizer.ggml.merges")),
            (std::vector<std::string>{"a b"}));
  EXPECT_FALSE(keys.contains("tokenizer.ggml.scores"));
  const auto& tokens = std::get<std::vector<std::string>>(keys.at("tokenizer.ggml.tokens"));
  const auto& types = std::get<std::vector<int64_t>>(keys.at("tokenizer.ggml.token_type"));
  ASSERT_EQ(tokens.size(), 264u);
  ASSERT_EQ(types.size(), 264u);
  EXPECT_EQ(tokens[' '], "\u0120");
  EXPECT_EQ(std::vector<std::string>(tokens.begin() + 256, tokens.end()),
            (std::vector<std::string>{"ab", "<s>", "<think>", "<|fim|>", "[PAD260]", "<end>", "[PAD262]",
                                      "[PAD263]"}));
  EXPECT_EQ(std::vector<int64_t>(types.begin() + 256, types.end()),
            (std::vector<int64_t>{1, 3, 4, 3, 5, 3, 5, 5}));

  const auto opened = OpenTokenizer(directory, 264);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->EncodePrompt("ab<think><s>"), (std::vector<int32_t>{257, 256, 258, '<', 's', '>'}));
}

TEST(ReadHfTokenizerTest, LetsTheConfigurationSayWhetherTextBegins) {
  json tokenizer = ByteLevelTokenizer();
  tokenizer["added_tokens"] = {Added(257, "<s>", true)};
  const auto adds_bos = [&](const char* config) {
    ModelDirectory directory;
    directory.Write("tokenizer.json", tokenizer.dump()).Write("tokenizer_config.json", config);
    ModelKeys keys;
    EXPECT_TRUE(ReadHfTokenizer(directory.path(), 258, keys).ok());
    return std::get<bool>(keys.at("tokenizer.ggml.add_bos_token"));
  };
  EXPECT_TRUE(adds_bos(R"({"bos_token": "<s>", "add_bos_token": true})"));
  EXPECT_FALSE(adds_bos(R"({"bos_token": "<s>", "add_bos_token": false})"));
  EXPECT_FALSE(adds_bos(R"({"bos_token": "<s>"})"));
  EXPECT_FALSE(adds_bos(R"({"add_bos_token": true})"));
}

TEST(ReadHfTokenizerTest, FindsRolesAndTemplatesWhereOlderAndNewerFilesHaveThem) {
  json tokenizer = ByteLevelTokenizer();
  tokenizer["added_tokens"] = {Added(257, "<s>", true), Added(258, "</s>", true)};
  ModelDirectory directory;
  directory.Write("tokenizer.json", tokenizer.dump())
      .Write("special_tokens_map.json", R"({"eos_token": "</s>"})")
      .Write("config.json", R"({"bos_token_id": 257, "eos_token_id": 3, "pad_token_id": -1})")
      .Write(
          "tokenizer_config.json",
          R"({"chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "yes"}]})");
  ModelKeys keys;
  ASSERT_TRUE(ReadHfTokenizer(directory.path(), 259, keys).ok());
  EXPECT_EQ(IdKey(keys, "tokenizer.ggml.bos_token_id"), 257u);
  EXPECT_EQ(IdKey(keys, "tokenizer.ggml.eos_token_id"), 258u);
  EXPECT_FALSE(keys.contains("tokenizer.ggml.padding_token_id"));
  EXPECT_EQ(StringKey(keys, "tokenizer.chat_template"), "yes");
  directory.Write("chat_template.jinja", "newest");
  ASSERT_TRUE(ReadHfTokenizer(directory.path(), 259, keys).ok());
  EXPECT_EQ(StringKey(keys, "tokenizer.chat_template"), "newest");
}

std::string SentencePieceFile() {
  std::string file = PieceField("<unk>", 0, 2) + PieceField("<s>", 0, 3) + PieceField("</s>", 0, 3);
  float score = -10;
  for (const char* piece : {"\u2581", "a", "b"}) {
    file += PieceField(piece, score--, 1);
  }
  file += PieceField("ab", -1, 1) + PieceField("\u2581a", -2, 1);
  return file + BytesField(2, VarintField(3, 2)) + BytesField(3, VarintField(4, 0));
}

TEST(ReadHfTokenizerTest, ReadsSentencePieceModelsWithAddedTokens) {
  ModelDirectory directory;
  directory.Write("tokenizer.model", SentencePieceFile())
      .Write("added_tokens.json", R"({"<sep>": 8})")
      .Write("tokenizer_config.json",
             R"({"added_tokens_decoder": {"9": {"content": "<x>", "special": true}}})");
  ModelKeys keys;
  const auto tokenizer = OpenTokenizer(directory, 12);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->EncodePrompt("ab a<sep>"), (std::vector<int32_t>{1, 3, 6, 7, 8}));
  EXPECT_EQ((*tokenizer)->Encode("<x>zz", SpecialTokens::kParse), (std::vector<int32_t>{9, 3, 0}));
  EXPECT_EQ((*tokenizer)->eos_id(), 2);
  EXPECT_EQ((*tokenizer)->vocab_size(), 12u);
}

TEST(ReadHfTokenizerTest, FallsBackToTheModelWhereTheJsonIsOfAnUnknownKind) {
  ModelDirectory directory;
  directory.Write("tokenizer.json", R"({"model": {"type": "Unigram", "vocab": [["a", 0]]}})");
  EXPECT_TRUE(IsError(OpenTokenizer(directory, 12).status(), absl::StatusCode::kUnimplemented, "'Unigram'"));
  directory.Write("tokenizer.model", SentencePieceFile());
  const auto tokenizer = OpenTokenizer(directory, 12);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->EncodePrompt("ab"), (std::vector<int32_t>{1, 3, 6}));
}

TEST(ReadHfTokenizerTest, SaysWhatIsWrong) {
  const auto expect = [](const json& tokenizer, absl::StatusCode code, const std::string& message) {
    ModelDirectory directory;
    directory.Write("tokenizer.json", tokenizer.dump());
    EXPECT_TRUE(IsError(OpenTokenizer(directory, 300).status(), code, "tokenizer.json has " + message));
  };
  json tokenizer = ByteLevelTokenizer();
  tokenizer["added_tokens"] = {Added(300, "<s>", true)};
  expect(tokenizer, absl::StatusCode::kDataLoss, "token '<s>' with id 300; the model has 300 tokens");
  tokenizer["added_tokens"] = {{{"content", "<s>"}}};
  expect(tokenizer, absl::StatusCode::kDataLoss, "an added token without id");
  tokenizer["added_tokens"] = {{{"id", 257}}};
  expect(tokenizer, absl::StatusCode::kDataLoss, "an added token with id 257 without content");
  tokenizer["added_tokens"] = {{{"id", 257}, {"content", "<s>"}, {"rstrip", true}}};
  expect(tokenizer, absl::StatusCode::kUnimplemented, "an added token '<s>' with rstrip");
  tokenizer = ByteLevelTokenizer();
  tokenizer["model"]["vocab"]["zz"] = 256;
  expect(tokenizer, absl::StatusCode::kDataLoss, "'ab' and 'zz' with one id, 256");

  ModelDirectory directory;
  EXPECT_TRUE(IsError(OpenTokenizer(directory, 10).status(), absl::StatusCode::kNotFound,
                      "has neither tokenizer.json nor tokenizer.model"));
  directory.Write("tokenizer.model", PieceField("a", 0, 1));
  EXPECT_TRUE(IsError(OpenTokenizer(directory, 10).status(), absl::StatusCode::kUnimplemented,
                      "is a SentencePiece model of type 1 (1 is unigram)"));
  directory.Write("tokenizer.model", PieceField("a", 0, 1) + BytesField(2, VarintField(3, 2)));
  EXPECT_TRUE(IsError(OpenTokenizer(directory, 10).status(), absl::StatusCode::kUnimplemented,
                      "with removal of extra whitespace"));
  directory.Write("tokenizer.model", SentencePieceFile());
  EXPECT_TRUE(IsError(OpenTokenizer(directory, 7).status(), absl::StatusCode::kDataLoss,
                      "with id 7; the model has 7"));
  directory.Write("config.json", "{");
  EXPECT_TRUE(
      IsError(OpenTokenizer(directory, 10).status(), absl::StatusCode::kDataLoss, "config.json is not JSON"));
}

// golden/sentencepiece.json says how it came about: tests/engine/tokenizer/make_golden.py.
TEST(ReadHfTokenizerTest, AgreesWithSentencePiece) {
  std::ifstream in(BITNET_SENTENCEPIECE_GOLDEN);
  const json golden = json::parse(in);
  std::string model;
  ASSERT_TRUE(absl::Base64Unescape(golden.at("model").get<std::string>(), &model));
  ModelDirectory directory;
  directory.Write("tokenizer.model", model);
  const auto tokenizer = OpenTokenizer(directory, golden.at("vocab_size").get<size_t>());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ASSERT_GE(golden.at("cases").size(), 200u);
  for (const json& one : golden.at("cases")) {
    const auto text = one.at("text").get<std::string>();
    const std::vector<int32_t> ids = (*tokenizer)->Encode(text, SpecialTokens::kPlain);
    ASSERT_EQ(ids, one.at("plain").get<std::vector<int32_t>>()) << one.at("text").dump(-1, ' ', true);
    ASSERT_EQ((*tokenizer)->Decode(ids), text);
  }
}

}  // namespace
}  // namespace bitnet

#include "engine/huggingface/tokenizer/pipeline.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using nlohmann::json;

const json kBytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
const json kGpt2 = {
    {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};

json Split(const char* expression) {
  return {
      {"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
}
json Sequence(const json& parts) { return {{"type", "Sequence"}, {"pretokenizers", parts}}; }
json Tokenizer(const json& normalizer, const json& pre_tokenizer) {
  return {{"normalizer", normalizer}, {"pre_tokenizer", pre_tokenizer}, {"model", {{"type", "BPE"}}}};
}

constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::string NameOf(const json& tokenizer) {
  const auto pipeline = ReadPipeline(tokenizer, "t.json");
  EXPECT_TRUE(pipeline.ok()) << pipeline.status();
  return pipeline.ok() && !pipeline->sentencepiece ? PretokenizerName(pipeline->kind) : "";
}

TEST(PipelineTest, RecognisesModelsByWhatTheirTokenizersDo) {
  json llama3 = Tokenizer(nullptr, Sequence({Split(kLlama3), kBytes}));
  EXPECT_EQ(NameOf(llama3), "smaug-bpe");
  llama3["model"]["ignore_merges"] = true;
  EXPECT_EQ(NameOf(llama3), "llama-bpe");
  const char* qwen2 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const json nfc = {{"type", "NFC"}};
  EXPECT_EQ(NameOf(Tokenizer(nfc, Sequence({Split(qwen2), kBytes}))), "qwen2");
  EXPECT_EQ(NameOf(Tokenizer(nullptr, kGpt2)), "gpt-2");
  EXPECT_EQ(NameOf(Tokenizer(nullptr, {{"type", "ByteLevel"}, {"add_prefix_space", false}})), "gpt-2");
  EXPECT_EQ(NameOf(Tokenizer({{"type", "Sequence"}, {"normalizers", json::array({nfc})}}, kGpt2)), "olmo");
  const json digits = {{"type", "Digits"}, {"individual_digits", false}};
  const json digit = {{"type", "Digits"}, {"individual_digits", true}};
  const json punctuation = {{"type", "Punctuation"}, {"behavior", "Contiguous"}};
  EXPECT_EQ(NameOf(Tokenizer(nullptr, Sequence({digit, kGpt2}))), "smollm");
  EXPECT_EQ(NameOf(Tokenizer(nullptr, Sequence({punctuation, kGpt2, digits, Split("[0-9][0-9][0-9]")}))),
            "falcon");
  EXPECT_EQ(
      NameOf(Tokenizer(nullptr, Sequence({Sequence(json::array({punctuation})), digits, kGpt2, digit}))),
      "steps:punctuation-runs,digits,gpt2,byte-digit");
  json removed = Split(kLlama3);
  removed["behavior"] = "Removed";
  removed["invert"] = true;
  EXPECT_EQ(NameOf(Tokenizer(nullptr, Sequence({removed, kBytes}))), "smaug-bpe");
}

TEST(PipelineTest, RecognisesSentencePiece) {
  const json replace = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}};
  const json prepend = {{"type", "Prepend"}, {"prepend", "\u2581"}};
  const auto llama2 =
      ReadPipeline(Tokenizer({{"type", "Sequence"}, {"normalizers", {prepend, replace}}}, nullptr), "t.json");
  ASSERT_TRUE(llama2.ok()) << llama2.status();
  EXPECT_TRUE(llama2->sentencepiece && llama2->adds_space);
  const auto without = ReadPipeline(Tokenizer(replace, nullptr), "t.json");
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_TRUE(without->sentencepiece && !without->adds_space);
  for (const auto& [scheme, adds] : {std::pair{"first", true}, {"always", true}, {"never", false}}) {
    const auto newer = ReadPipeline(
        Tokenizer(
            nullptr,
            {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", scheme}, {"split", false}}),
        "t.json");
    ASSERT_TRUE(newer.ok()) << newer.status();
    EXPECT_TRUE(newer->sentencepiece);
    EXPECT_EQ(newer->adds_space, adds) << scheme;
  }
}

TEST(PipelineTest, NamesWhatItDoesNotKnow) {
  const auto expect = [](const json& tokenizer, const std::string& message) {
    EXPECT_TRUE(
        IsError(ReadPipeline(tokenizer, "t.json").status(), absl::StatusCode::kUnimplemented, message));
  };
  expect({{"model", {{"type", "Unigram"}}}}, "t.json has a model of type 'Unigram'");
  expect(json::object(), "t.json has a model of type ''");
  expect(Tokenizer({{"type", "Lowercase"}}, kGpt2),
         R"(a normalizer that is not known: {"type":"Lowercase"})");
  expect(Tokenizer(nullptr, Sequence({Split("a+"), kBytes})), R"("Regex":"a+")");
  expect(Tokenizer(nullptr, Sequence({kBytes, Split(kLlama3)})), "a pre_tokenizer that is not known");
  expect(Tokenizer(nullptr, {{"type", "Whitespace"}}), R"({"type":"Whitespace"})");
  expect(Tokenizer(nullptr, {{"type", "ByteLevel"}, {"add_prefix_space", true}}),
         "a pre_tokenizer that is not known");
  expect(Tokenizer(nullptr, {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"split", true}}),
         "Metaspace");
  expect(Tokenizer(nullptr, nullptr), "a combination of normalizer and pre_tokenizer that is not known");
  expect(Tokenizer({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}, kGpt2),
         "a combination of normalizer and pre_tokenizer that is not known");
  json suffix = Tokenizer(nullptr, kGpt2);
  suffix["model"]["end_of_word_suffix"] = "</w>";
  expect(suffix, "a model with end_of_word_suffix that is not known: \"</w>\"");
}

}  // namespace
}  // namespace bitnet

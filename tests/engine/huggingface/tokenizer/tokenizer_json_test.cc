#include "engine/huggingface/tokenizer/tokenizer_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/huggingface/tokenizer/json_builder.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(TokenizerJsonTest, KeepsVocabularyAndMergesApartFromTheRest) {
  const auto file = ParseTokenizerJson(
      R"({"version": "1.0", "added_tokens": [{"id": 3, "content": "<x>"}],
          "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"], "unk_token": null},
          "decoder": {"vocab": [1], "merges": {"x": [2]}}})",
      "t.json");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->vocab, (std::vector<std::pair<std::string, uint64_t>>{{"a", 0}, {"b", 1}, {"ab", 2}}));
  EXPECT_EQ(file->merges, (std::vector<std::string>{"a b"}));
  EXPECT_EQ(StringAt(ValueAt(file->rest, "model"), "type"), "BPE");
  EXPECT_TRUE(ValueAt(file->rest, "model").contains("unk_token"));
  EXPECT_EQ(ValueAt(file->rest, "added_tokens")[0].at("content"), "<x>");
  EXPECT_EQ(ValueAt(file->rest, "decoder").dump(), R"({"merges":{"x":[2]},"vocab":[1]})");
}

TEST(TokenizerJsonTest, TakesMergesThatArePairs) {
  const auto file =
      ParseTokenizerJson(R"({"model": {"merges": [["a", "b"], "c d", ["ab", "c"]]}})", "t.json");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->merges, (std::vector<std::string>{"a b", "c d", "ab c"}));
}

TEST(TokenizerJsonTest, LeavesOutTheVocabularyOfOtherModels) {
  const auto file = ParseTokenizerJson(
      R"({"model": {"vocab": [["a", -1.5], [["b"], {"c": null}]], "type": "Unigram"}})", "t.json");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->vocab.empty());
  EXPECT_EQ(StringAt(ValueAt(file->rest, "model"), "type"), "Unigram");
}

TEST(TokenizerJsonTest, SaysWhatIsWrong) {
  const auto expect = [](const std::string& text, const std::string& message) {
    EXPECT_TRUE(IsError(ParseTokenizerJson(text, "t.json").status(), absl::StatusCode::kDataLoss,
                        "t.json " + message))
        << text;
  };
  expect("", "is not JSON at byte 1");
  expect("[1]", "is not a JSON object");
  expect(R"({"model": {"vocab": {"a": 0})", "is not JSON");
  expect(R"({"model": {"vocab": {"a": 0, "b": -1}}})", "has entry 1 of model.vocab that is no id");
  expect(R"({"model": {"vocab": {"a": [0]}}})", "has entry 0 of model.vocab that is no id");
  expect(R"({"model": {"vocab": {"a": 1.5}}})", "has entry 0 of model.vocab that is no id");
  for (const char* merge :
       {R"("ab")", R"("a ")", R"(["a"])", R"(["a", "b", "c"])", R"(["a", ""])", R"(["a", "b c"])",
        R"([["a"], "b"])", "1", "null", R"({"a": "b"})", R"([{"a": 1}])"}) {
    expect(std::string(R"({"model": {"merges": ["a b", )") + merge + "]}}",
           "has entry 1 of model.merges that is not two tokens");
  }
  expect(R"({"a": 1, "a": 2})", "has the key 'a' twice");
  expect(R"({"model": {"vocab": {"a": 0}, "vocab": {"b": 0}}})", "has the key 'vocab' twice");
}

TEST(TokenizerJsonTest, BoundsDepthAndNumberOfValues) {
  const std::string deep = R"({"a":)" + std::string(100000, '[');
  EXPECT_TRUE(IsError(ParseTokenizerJson(deep, "t.json").status(), absl::StatusCode::kDataLoss,
                      "nests deeper than 64"));
  EXPECT_TRUE(
      IsError(ParseJson(deep, "t.json").status(), absl::StatusCode::kDataLoss, "nests deeper than 64"));
  std::string many = R"({"a":[0)";
  for (int i = 0; i < 1 << 20; ++i) {
    many += ",0";
  }
  EXPECT_TRUE(IsError(ParseJson(many + "]}", "t.json").status(), absl::StatusCode::kDataLoss,
                      "has more than 1048576 values"));
  // What is left out may nest as it likes: nothing is kept of it.
  const std::string skipped =
      R"({"model":{"vocab":)" + std::string(100000, '[') + std::string(100000, ']') + "}}";
  EXPECT_TRUE(ParseTokenizerJson(skipped, "t.json").ok());
}

}  // namespace
}  // namespace bitnet

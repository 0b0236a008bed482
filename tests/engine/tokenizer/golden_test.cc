// Compares with ids that another implementation gave; make_golden.py says how they came about.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

using nlohmann::json;

json ReadJson(const std::string& path) {
  std::ifstream in(path);
  return json::parse(in);
}

// The vocabulary that a golden file brings along.
TinyVocabulary VocabularyOf(const json& golden) {
  TinyVocabulary vocabulary;
  vocabulary.tokens = golden.at("tokens").get<std::vector<std::string>>();
  vocabulary.merges = golden.at("merges").get<std::vector<std::string>>();
  vocabulary.types.assign(vocabulary.tokens.size(), TinyVocabulary::kNormal);
  const size_t num_special = golden.at("num_special").get<size_t>();
  std::fill(vocabulary.types.end() - num_special, vocabulary.types.end(), TinyVocabulary::kControl);
  return vocabulary;
}

void ExpectSameIds(const Tokenizer& tokenizer, const json& golden, size_t at_least) {
  const json& cases = golden.at("cases");
  ASSERT_GE(cases.size(), at_least);
  for (const json& one : cases) {
    const auto text = one.at("text").get<std::string>();
    SCOPED_TRACE(one.at("text").dump(-1, ' ', /*ensure_ascii=*/true));
    const auto plain = one.at("plain").get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer.Encode(text, SpecialTokens::kPlain), plain);
    const auto parsed = one.value("parsed", plain);
    EXPECT_EQ(tokenizer.Encode(text, SpecialTokens::kParse), parsed);
    std::string back;
    for (const int32_t id : parsed) {
      back += tokenizer.TokenText(id);
    }
    EXPECT_EQ(back, text);
    if (testing::Test::HasFailure()) {
      return;
    }
  }
}

TEST(TokenizerGoldenTest, AgreesWithTheReferenceOnASmallVocabulary) {
  const json golden = ReadJson(BITNET_GOLDEN_DIR "/small.json");
  const auto tokenizer = MakeTokenizer(VocabularyOf(golden).Writer());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ExpectSameIds(**tokenizer, golden, 500);
}

TEST(TokenizerGoldenTest, AgreesWithTheReferenceOnOtherModelsPretokenizers) {
  const TinyVocabulary vocabulary = VocabularyOf(ReadJson(BITNET_GOLDEN_DIR "/small.json"));
  const json golden = ReadJson(BITNET_GOLDEN_DIR "/kinds.json");
  for (const auto& kind : golden.at("kinds").get<std::vector<std::string>>()) {
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", kind)
        .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
        .Strings("tokenizer.ggml.merges", vocabulary.merges);
    const auto tokenizer = MakeTokenizer(writer);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    ASSERT_GE(golden.at("cases").size(), 240u);
    for (const json& one : golden.at("cases")) {
      ASSERT_EQ((*tokenizer)->Encode(one.at("text").get<std::string>(), SpecialTokens::kPlain),
                one.at(kind).get<std::vector<int32_t>>())
          << kind << ": " << one.at("text").dump(-1, ' ', /*ensure_ascii=*/true);
    }
  }
}

TEST(TokenizerGoldenTest, AgreesWithTheReferenceOnTheEmbeddedModel) {
  const std::string golden_path = BITNET_GOLDEN_DIR "/lighthouse.json";
  if (!std::filesystem::exists(golden_path) || !std::filesystem::exists(BITNET_LIGHTHOUSE_MODEL)) {
    GTEST_SKIP() << "no " << golden_path << " or no " << BITNET_LIGHTHOUSE_MODEL;
  }
  const auto file = ModelFile::Open(BITNET_LIGHTHOUSE_MODEL, FileAccess::kMap);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto tokenizer = Tokenizer::FromGguf(**file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ExpectSameIds(**tokenizer, ReadJson(golden_path), 500);
}

TEST(TokenizerGoldenTest, AgreesWithTheReferenceOnAFileNamedByHand) {
  const char* path = std::getenv("BITNET_GOLDEN");
  if (path == nullptr) {
    GTEST_SKIP() << "BITNET_GOLDEN names no file";
  }
  const json golden = ReadJson(path);
  const auto tokenizer = MakeTokenizer(VocabularyOf(golden).Writer());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ExpectSameIds(**tokenizer, golden, 1);
}

}  // namespace
}  // namespace bitnet

// Texts, as tokenizers encode them that normalise, cut bytes, or are SentencePiece's.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "engine/tokenizer/nfc.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

std::unique_ptr<Tokenizer> MakeBpe(const char* pre) {
  TinyVocabulary vocabulary;
  for (const auto& [left, right] :
       {std::pair{"a", "b"}, {"ab", "a"}, {" ", "a"}, {"\xC3", "\xA9"}, {" ", " "}}) {
    vocabulary.AddMerge(left, right);
  }
  vocabulary.Add("<think>", TinyVocabulary::kUserDefined);
  vocabulary.Add("    ", TinyVocabulary::kUserDefined);
  GgufWriter writer;
  writer.String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", pre)
      .Strings("tokenizer.ggml.tokens", vocabulary.tokens)
      .Int32s("tokenizer.ggml.token_type", vocabulary.types)
      .Strings("tokenizer.ggml.merges", vocabulary.merges);
  return *MakeTokenizer(writer);
}

std::unique_ptr<Tokenizer> MakeSentencePiece() {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(absl::StrFormat("<0x%02X>", byte));
    types.push_back(6);
  }
  std::vector<float> scores(tokens.size());
  float score = 0;
  for (const char* piece : {"ab", "\u2581\u2581", "\u2581a", "aba", "\u00E9a", "bb", "\u2581", "a", "b",
                            "\u00E9", "\U0001F600"}) {
    tokens.emplace_back(piece);
    types.push_back(1);
    scores.push_back(score -= 1);
  }
  GgufWriter writer;
  writer.String("tokenizer.ggml.model", "llama")
      .Strings("tokenizer.ggml.tokens", tokens)
      .Int32s("tokenizer.ggml.token_type", types)
      .Float32s("tokenizer.ggml.scores", scores);
  return *MakeTokenizer(writer);
}

void ExpectBack(const Tokenizer& tokenizer, std::string_view text, std::string_view back) {
  BITNET_FUZZ_CHECK(tokenizer.Decode(tokenizer.Encode(text, SpecialTokens::kPlain)) == back);
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  static const auto& qwen2 = *MakeBpe("qwen2").release();
  static const auto& gpt2 = *MakeBpe("gpt-2").release();
  static const auto& falcon = *MakeBpe("falcon").release();
  static const auto& smollm = *MakeBpe("smollm").release();
  static const auto& sentencepiece = *MakeSentencePiece().release();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ExpectBack(gpt2, text, text);
  ExpectBack(falcon, text, text);
  ExpectBack(smollm, text, text);
  const std::string nfc = NormalizeNfc(text);
  BITNET_FUZZ_CHECK(NormalizeNfc(nfc) == nfc);
  BITNET_FUZZ_CHECK(MayNeedNfc(text) || nfc == text);
  // A marker ends what is normalised, so with one inside the pieces are normalised apart.
  if (text.find("<think>") == std::string_view::npos && text.find("    ") == std::string_view::npos) {
    ExpectBack(qwen2, text, nfc);
  }
  ExpectBack(sentencepiece, text, absl::StrReplaceAll(std::string(text), {{"\u2581", " "}}));
  return 0;
}

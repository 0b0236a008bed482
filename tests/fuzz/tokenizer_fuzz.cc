// Texts: any bytes are encoded, and come back.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

struct Fixture {
  int32_t eot;
  std::unique_ptr<Tokenizer> tokenizer;

  Fixture() {
    TinyVocabulary vocabulary;
    for (const auto& [left, right] : {std::pair{"a", "a"},
                                      {"aa", "aa"},
                                      {"a", "b"},
                                      {"ab", "a"},
                                      {" ", "a"},
                                      {"\xC3", "\xA9"},
                                      {"\n", "\n"},
                                      {" ", " "},
                                      {"U", "s"},
                                      {"Us", "er"},
                                      {"e", "r"}}) {
      vocabulary.AddMerge(left, right);
    }
    vocabulary.Add("<s>", TinyVocabulary::kControl);
    eot = vocabulary.Add("<|eot_id|>", TinyVocabulary::kControl);
    GgufWriter writer = vocabulary.Writer();
    writer.Uint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(eot) - 1);
    tokenizer = *MakeTokenizer(writer);
  }
};

std::string Joined(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string text;
  for (const int32_t id : ids) {
    text += tokenizer.TokenText(id);
  }
  return text;
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  static const Fixture fixture;
  const Tokenizer& tokenizer = *fixture.tokenizer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<int32_t> plain = tokenizer.Encode(text, SpecialTokens::kPlain);
  BITNET_FUZZ_CHECK(Joined(tokenizer, plain) == text);
  BITNET_FUZZ_CHECK(std::ranges::count(plain, fixture.eot) == 0);
  BITNET_FUZZ_CHECK(Joined(tokenizer, tokenizer.Encode(text, SpecialTokens::kParse)) == text);
  // A template's markers around a text that may hold the same ones.
  const std::string framed = "<|eot_id|>" + std::string(text) + "<|eot_id|>";
  const TextRange typed = {10, 10 + text.size()};
  const std::vector<int32_t> around = tokenizer.EncodeAround(framed, {&typed, 1});
  BITNET_FUZZ_CHECK(Joined(tokenizer, around) == framed);
  BITNET_FUZZ_CHECK(std::ranges::count(around, fixture.eot) == 2);
  return 0;
}

// tokenizer.model, and the tokenizer that it describes.
#include <memory>
#include <utility>

#include "engine/huggingface/tokenizer/sentencepiece_keys.h"
#include "engine/huggingface/tokenizer/sentencepiece_model.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "tests/fuzz/tokenizer_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  const auto model = ParseSentencePieceModel({data, size}, "fuzz.model");
  if (!model.ok()) {
    return 0;
  }
  TokenList tokens(512, "fuzz.model");
  ModelKeys keys;
  if (!WriteSentencePieceKeys(*model, tokens, keys).ok()) {
    return 0;
  }
  tokens.FillGaps();
  std::move(tokens).Write(keys);
  if (const auto tokenizer = Tokenizer::FromGguf(*ModelFile::FromParts("fuzz", std::move(keys), {}, {}));
      tokenizer.ok()) {
    CheckTokenizer(**tokenizer);
  }
  return 0;
}

// tokenizer.model, and the tokenizer that it describes.
#include <memory>
#include <span>
#include <utility>

#include "engine/huggingface/tokenizer/sentencepiece_keys.h"
#include "engine/huggingface/tokenizer/sentencepiece_model.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/tokenizer_checks.h"

namespace bitnet {
namespace {

// Null if the bytes describe none.
std::unique_ptr<Tokenizer> Read(std::span<const uint8_t> bytes) {
  const auto model = ParseSentencePieceModel(bytes, "fuzz.model");
  if (!model.ok()) {
    BITNET_FUZZ_CHECK(!model.status().message().empty());
    return nullptr;
  }
  TokenList tokens(512, "fuzz.model");
  ModelKeys keys;
  if (!WriteSentencePieceKeys(*model, tokens, keys).ok()) {
    return nullptr;
  }
  tokens.FillGaps();
  std::move(tokens).Write(keys);
  auto tokenizer = Tokenizer::FromGguf(*ModelFile::FromParts("fuzz", std::move(keys), {}, {}));
  return tokenizer.ok() ? *std::move(tokenizer) : nullptr;
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  const AllocationMeter reading;
  const auto tokenizer = Read({data, size});
  BITNET_FUZZ_CHECK(reading.IsJustifiedBy(size));
  if (tokenizer != nullptr) {
    CheckTokenizer(*tokenizer);
  }
  return 0;
}

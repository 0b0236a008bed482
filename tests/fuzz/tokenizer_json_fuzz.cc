// tokenizer.json, whose keys are also taken for those of the small files beside it.
#include <memory>
#include <string_view>
#include <utility>

#include "engine/huggingface/tokenizer/byte_pair_keys.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/huggingface/tokenizer/token_roles.h"
#include "engine/huggingface/tokenizer/tokenizer_json.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/tokenizer_checks.h"

namespace bitnet {
namespace {

// Null if the text describes none.
std::unique_ptr<Tokenizer> Read(std::string_view text) {
  auto file = ParseTokenizerJson(text, "fuzz.json");
  if (!file.ok()) {
    BITNET_FUZZ_CHECK(!file.status().message().empty());
    return nullptr;
  }
  const TokenizerFiles files = {file->rest, file->rest, file->rest, file->rest, file->rest};
  TokenList tokens(512, "fuzz.json");
  ModelKeys keys;
  if (!WriteBytePairKeys(*std::move(file), tokens, keys).ok()) {
    return nullptr;
  }
  tokens.FillGaps();
  WriteTokenRoles(files, tokens, keys);
  WriteChatTemplate(files.tokenizer_config, keys);
  std::move(tokens).Write(keys);
  auto tokenizer = Tokenizer::FromGguf(*ModelFile::FromParts("fuzz", std::move(keys), {}, {}));
  return tokenizer.ok() ? *std::move(tokenizer) : nullptr;
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  const AllocationMeter reading;
  const auto tokenizer = Read({reinterpret_cast<const char*>(data), size});
  BITNET_FUZZ_CHECK(reading.IsJustifiedBy(size));
  if (tokenizer != nullptr) {
    CheckTokenizer(*tokenizer);
  }
  return 0;
}

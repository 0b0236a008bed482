// tokenizer.json, whose keys are also taken for those of the small files beside it.
#include <memory>
#include <string_view>
#include <utility>

#include "engine/huggingface/tokenizer/byte_pair_keys.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/huggingface/tokenizer/token_roles.h"
#include "engine/huggingface/tokenizer/tokenizer_json.h"
#include "tests/fuzz/tokenizer_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  auto file = ParseTokenizerJson({reinterpret_cast<const char*>(data), size}, "fuzz.json");
  if (!file.ok()) {
    return 0;
  }
  const TokenizerFiles files = {file->rest, file->rest, file->rest, file->rest, file->rest};
  TokenList tokens(512, "fuzz.json");
  ModelKeys keys;
  if (!WriteBytePairKeys(*std::move(file), tokens, keys).ok()) {
    return 0;
  }
  tokens.FillGaps();
  WriteTokenRoles(files, tokens, keys);
  WriteChatTemplate(files.tokenizer_config, keys);
  std::move(tokens).Write(keys);
  if (const auto tokenizer = Tokenizer::FromGguf(*ModelFile::FromParts("fuzz", std::move(keys), {}, {}));
      tokenizer.ok()) {
    CheckTokenizer(**tokenizer);
  }
  return 0;
}

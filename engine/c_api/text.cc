// Text to tokens and back.
#include <span>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/utf8_stream.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/outputs.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

absl::Status CheckIds(std::span<const int32_t> ids, size_t vocab_size) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || static_cast<size_t>(ids[i]) >= vocab_size) {
      return absl::InvalidArgumentError(
          absl::StrFormat("tokens[%d] is %d; it must be below %d", i, ids[i], vocab_size));
    }
  }
  return absl::OkStatus();
}

std::vector<int32_t> Tokenize(const Tokenizer& tokenizer, std::string_view text, uint32_t flags) {
  std::vector<int32_t> ids = tokenizer.Encode(
      text, (flags & BITNET_PARSE_SPECIAL) != 0 ? SpecialTokens::kParse : SpecialTokens::kPlain);
  if ((flags & BITNET_ADD_BOS) != 0 && tokenizer.adds_bos() && tokenizer.bos_id().has_value()) {
    ids.insert(ids.begin(), *tokenizer.bos_id());
  }
  return ids;
}

}  // namespace
}  // namespace bitnet

extern "C" {

bitnet_code bitnet_tokenize(const bitnet_engine* engine, const char* text, size_t text_bytes, uint32_t flags,
                            int32_t* tokens, size_t capacity, size_t* length, bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    RETURN_IF_ERROR(bitnet::CheckFlags(flags, BITNET_ADD_BOS | BITNET_PARSE_SPECIAL));
    ASSIGN_OR_RETURN(const std::span<const char> bytes, bitnet::ReadArray(text, text_bytes, "text"));
    const std::vector<int32_t> ids =
        bitnet::Tokenize(engine->engine->tokenizer(), {bytes.data(), bytes.size()}, flags);
    return bitnet::WriteArray(std::span(ids), tokens, capacity, length);
  });
}

bitnet_code bitnet_detokenize(const bitnet_engine* engine, const int32_t* tokens, size_t num_tokens,
                              char* text, size_t capacity, size_t* length, bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(engine, "engine"));
    ASSIGN_OR_RETURN(const std::span<const int32_t> ids, bitnet::ReadArray(tokens, num_tokens, "tokens"));
    const bitnet::Tokenizer& tokenizer = engine->engine->tokenizer();
    RETURN_IF_ERROR(bitnet::CheckIds(ids, tokenizer.vocab_size()));
    return bitnet::WriteText(bitnet::ToUtf8(tokenizer.Decode(ids)), text, capacity, length);
  });
}

}  // extern "C"

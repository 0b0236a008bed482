// The file tokenizer.json of Hugging Face's tokenizers.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

struct TokenizerJson {
  std::vector<std::pair<std::string, uint64_t>> vocab;  // Of model.vocab: texts and ids, in the file's order.
  std::vector<std::string> merges;  // Of model.merges: two tokens with a space between them.
  nlohmann::json rest;              // Everything else; an object.
};

// The two large parts go straight where they are wanted, so that memory is a small multiple of the text.
// Merges may be strings or, as newer files have them, pairs. The vocabulary of a model that is not BPE, which
// may be an array, is left out. DATA_LOSS says what is wrong, with `name` for the file.
absl::StatusOr<TokenizerJson> ParseTokenizerJson(std::string_view text, std::string_view name);

}  // namespace bitnet

// The tokens of a byte-level BPE model, read from its file and checked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/bpe_merger.h"

namespace bitnet {

// By their numbers in tokenizer.ggml.token_type.
enum class TokenType : uint8_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // A marker that is never text: <|eot_id|>.
  kUserDefined = 4,  // A marker that is also text.
  kUnused = 5,
  kByte = 6,
};

struct Vocabulary {
  struct Token {
    std::string text;  // The bytes it stands for; for control tokens, the marker.
    TokenType type;
  };

  std::vector<Token> tokens;  // By id.
  MergeTable merges;
  std::array<int32_t, 256> byte_ids;  // The token of each byte.
  std::optional<int32_t> bos_id;
  bool adds_bos = false;
  std::vector<int32_t> end_ids;
};

// DATA_LOSS names the key that is wrong, or the byte that has no token, or the merge whose parts are unknown.
absl::StatusOr<Vocabulary> ReadVocabulary(const ModelFile& file);

// Ends a message in the chat format of the models we know.
inline constexpr std::string_view kEndOfTurn = "<|eot_id|>";

}  // namespace bitnet

// The tokens of a model, read from its file and checked: what all kinds of tokenizers have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

// By their numbers in tokenizer.ggml.token_type.
enum class TokenType : uint8_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // A marker that is never text: <|eot_id|>.
  kUserDefined = 4,  // Text that is one token wherever it stands: <think>, or eight spaces.
  kUnused = 5,
  kByte = 6,
};

// Whether a model that says such a token says something.
inline bool HasBytes(TokenType type) {
  return type != TokenType::kControl && type != TokenType::kUnknown && type != TokenType::kUnused;
}

// Ids of tokens by their text as the file writes it, which outlives this.
using IdByText = absl::flat_hash_map<std::string_view, int32_t>;

struct Vocabulary {
  struct Token {
    std::string text;  // As the file writes it.
    TokenType type;
  };

  std::vector<Token> tokens;  // By id.
  std::optional<int32_t> bos_id;
  std::optional<int32_t> eos_id;
  std::optional<int32_t> unknown_id;
  bool adds_bos = false;
  std::vector<int32_t> end_ids;  // eos_id first.
};

// What holds where the file does not say.
struct VocabularyDefaults {
  bool adds_bos = false;  // Where there is a beginning-of-sequence token.
  // Where the token of that id is no ordinary one.
  std::optional<int32_t> bos_id = {};
  std::optional<int32_t> eos_id = {};
  std::optional<int32_t> unknown_id = {};
};

// Reads tokens, types and roles. A token ends an answer if the file says so (eos_token_id, eot_token_id,
// eom_token_id, eos_token_ids), or if it is a marker whose text is known to do so in the models that people
// have. Two corrections to types, since files differ: <|eot_id|> is a control token whatever its type, and so
// is every user-defined token that ends an answer or is written <|...|>; nobody wants to read those in an
// answer, nor a user to type them. DATA_LOSS names the key that is wrong.
absl::StatusOr<Vocabulary> ReadVocabulary(const ModelFile& file, const VocabularyDefaults& defaults);

// Of several tokens with one text the first counts.
absl::StatusOr<IdByText> ReadIds(const ModelFile& file);

// Whether only a template would write this: "<|...|>".
bool LooksLikeMarker(std::string_view text);

inline constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
inline constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
inline constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";

// Ends a message in the chat format of the models we know.
inline constexpr std::string_view kEndOfTurn = "<|eot_id|>";

}  // namespace bitnet

// The vocabulary of a SentencePiece model of type BPE, read from its file and checked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/bpe_merger.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

// A space inside a token, U+2581.
inline constexpr std::string_view kSpmSpace = "\u2581";

struct SpmVocabulary {
  Vocabulary vocabulary;  // Texts are the bytes that tokens stand for; of control tokens, the marker.
  MergeTable merges;
  absl::flat_hash_map<char32_t, int32_t> chars;  // Ordinary tokens of one character, a space as U+2581.
  // The tokens <0x00> to <0xFF>, for characters that are no token. Without them such characters become
  // unknown_id.
  std::optional<std::array<int32_t, 256>> byte_ids;
  bool adds_space = true;  // A text begins as if there were a space before it.
};

// In SentencePiece any two neighbours merge whose texts together are an ordinary token, and of those the pair
// whose token has the highest score. Every such pair is worked out here, so that encoding is a look-up by ids
// as for other BPE. Where the file has merges (files made from a tokenizer.json may), those count instead.
// DATA_LOSS names the key that is wrong, a score that is no number, or what is missing: a token for unknown
// characters, or for each byte.
absl::StatusOr<SpmVocabulary> ReadSpmVocabulary(const ModelFile& file);

}  // namespace bitnet

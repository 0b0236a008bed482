// The vocabulary of a byte-level BPE model, read from its file and checked.
#pragma once

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/bpe_merger.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

struct BpeVocabulary {
  Vocabulary vocabulary;  // Texts are the bytes that tokens stand for; of control tokens, the marker.
  MergeTable merges;
  std::array<int32_t, 256> byte_ids;  // The token of each byte, or -1.
};

// Some vocabularies have no token for bytes that are not in their training text, such as 0x04; such a byte is
// left out of what is encoded. DATA_LOSS names the key that is wrong, or the visible byte or space that has
// no token.
absl::StatusOr<BpeVocabulary> ReadBpeVocabulary(const ModelFile& file, const VocabularyDefaults& defaults);

}  // namespace bitnet

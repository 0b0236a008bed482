// The merges of a model's file, checked.
#pragma once

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/bpe_merger.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

// Reads tokenizer.ggml.merges: each is two tokens with a space between them, the first merge goes first, and
// what a pair becomes is both texts without the space. DATA_LOSS names a merge whose parts or result are no
// tokens.
absl::StatusOr<MergeTable> ReadMerges(const ModelFile& file, const IdByText& ids);

}  // namespace bitnet

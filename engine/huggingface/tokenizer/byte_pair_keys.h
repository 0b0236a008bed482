// A tokenizer.json as the keys of a GGUF file.
#pragma once

#include "absl/status/statusor.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/huggingface/tokenizer/tokenizer_json.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Writes tokenizer.ggml.model, pre or add_space_prefix, merges and, of SentencePiece, scores, and fills
// `tokens`. Of a vocabulary that was SentencePiece's a score is the number of the merge that makes the token,
// counted down from 0, which is what other programs need; merges are written too, since only they are exact.
// UNIMPLEMENTED names a part that is not known, DATA_LOSS what is wrong.
absl::Status WriteBytePairKeys(TokenizerJson file, TokenList& tokens, ModelKeys& keys);

}  // namespace bitnet

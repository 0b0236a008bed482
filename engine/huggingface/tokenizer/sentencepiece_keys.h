// A tokenizer.model as the keys of a GGUF file.
#pragma once

#include "absl/status/status.h"
#include "engine/huggingface/tokenizer/sentencepiece_model.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Writes tokenizer.ggml.model, add_space_prefix and the ids of special tokens, and fills `tokens`.
// UNIMPLEMENTED: the model is not of type BPE, or changes text in a way that is not known.
absl::Status WriteSentencePieceKeys(const SentencePieceModel& model, TokenList& tokens, ModelKeys& keys);

}  // namespace bitnet

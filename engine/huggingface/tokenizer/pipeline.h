// What a tokenizer.json does to text, as far as a GGUF file can say it.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/tokenizer/pretokenizer_names.h"

namespace bitnet {

struct HfPipeline {
  // Spaces as U+2581 and byte tokens <0x00> to <0xFF>, as in SentencePiece; else byte-level BPE.
  bool sentencepiece = false;
  bool adds_space = false;  // Of SentencePiece: a text begins as if there were a space before it.
  PretokenizerKind kind;    // Of byte-level BPE; adds_bos is not set.
};

// Recognises the normalizers, pre-tokenizers and settings of the model `tokenizer` describes, by what they do
// and not by the model's name. UNIMPLEMENTED names what is not known; `name` is the file in messages.
absl::StatusOr<HfPipeline> ReadPipeline(const nlohmann::json& tokenizer, std::string_view name);

}  // namespace bitnet

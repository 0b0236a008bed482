// The tokenizer of a Hugging Face directory.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Writes the tokenizer.* keys that a GGUF file of the same model has, from tokenizer.json or, where there is
// none or it is of a kind that is not known, tokenizer.model; and from tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, generation_config.json, config.json and chat_template.jinja, as
// far as they are there. `vocab_size` is the number of the model's embeddings; tokens that no file names are
// written as unused.
//
// NOT_FOUND: there is neither tokenizer.json nor tokenizer.model. UNIMPLEMENTED names what is not known.
// DATA_LOSS names the file and what is wrong with it. On error `keys` may have been written in part. Memory
// is bounded by a small multiple of the files' sizes and of `vocab_size`.
absl::Status ReadHfTokenizer(const std::string& directory, size_t vocab_size, ModelKeys& keys);

}  // namespace bitnet

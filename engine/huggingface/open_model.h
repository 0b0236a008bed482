// Opens a model in whatever form it comes.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

// A file is read as GGUF. A directory is one of Hugging Face's: config.json, weights in safetensors files,
// and a tokenizer, all given the keys, names and order of a GGUF file of the same model. What a directory
// holds is checked as a GGUF file is, and nothing of its weights is read: errors name the file and, where
// there is one, the tensor or key.
absl::StatusOr<std::unique_ptr<ModelFile>> OpenModel(const std::string& path, FileAccess access);

}  // namespace bitnet

// The safetensors files of a Hugging Face directory.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/huggingface/safetensors.h"
#include "engine/model/mapping.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct Shards {
  std::vector<SafetensorsTensor> tensors;  // Of all files; they point into `files`.
  std::vector<Mapping> files;
};

// Opens `model.safetensors` or, where there is none, every file that `model.safetensors.index.json` names.
// NOT_FOUND: there is neither. DATA_LOSS: a file is not what ReadSafetensors() wants, two have a tensor of
// one name, or the index places a tensor in a file that lacks it. Messages name file and tensor.
absl::StatusOr<Shards> OpenShards(const std::string& directory, FileAccess access);

}  // namespace bitnet

#include "engine/huggingface/open_model.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/huggingface/hf_config.h"
#include "engine/huggingface/hf_tensors.h"
#include "engine/huggingface/shards.h"
#include "engine/huggingface/tokenizer/read_tokenizer.h"

namespace bitnet {
namespace {

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// The directory's own name: "b" for "a/b/".
std::string LastPart(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path.substr(path.rfind('/') + 1);
}

absl::Status AddRopeFactors(const HfConfig& config, std::vector<ModelTensor>& tensors,
                            std::vector<Mapping>& storage) {
  const std::vector<float> factors = RopeFrequencyFactors(config);
  ASSIGN_OR_RETURN(Mapping copy, Mapping::CopyOf(std::span(reinterpret_cast<const uint8_t*>(factors.data()),
                                                           factors.size() * sizeof(float))));
  tensors.push_back(
      {.name = "rope_freqs.weight", .type = GgmlType::kF32, .dims = {factors.size()}, .data = copy.bytes()});
  storage.push_back(std::move(copy));
  return absl::OkStatus();
}

// Before room for that many tokens is made: the embedding's bytes are what justifies it.
absl::Status CheckVocabSize(const HfConfig& config, const std::string& config_path,
                            const std::vector<ModelTensor>& tensors) {
  const auto embedding = std::ranges::find(tensors, "token_embd.weight", &ModelTensor::name);
  if (embedding == tensors.end()) {
    return absl::DataLossError(absl::StrCat(config_path, ": vocab_size is ", config.vocab_size,
                                            ", but tensor 'model.embed_tokens.weight' is missing"));
  }
  if (embedding->dims[1] != config.vocab_size) {
    return absl::DataLossError(absl::StrCat(config_path, ": vocab_size is ", config.vocab_size, "; the ",
                                            embedding->dims[1],
                                            " rows of tensor 'model.embed_tokens.weight' were wanted"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ModelFile>> OpenDirectory(const std::string& path, FileAccess access) {
  const std::string config_path = absl::StrCat(path, path.ends_with('/') ? "" : "/", "config.json");
  ASSIGN_OR_RETURN(const Mapping config_file, Mapping::ReadFile(config_path));
  ASSIGN_OR_RETURN(const HfConfig config, ReadHfConfig(config_file.bytes(), config_path));
  ASSIGN_OR_RETURN(Shards shards, OpenShards(path, access));
  absl::StatusOr<std::vector<ModelTensor>> tensors = GgufTensorsOf(config, shards.tensors);
  if (!tensors.ok()) {
    return absl::Status(tensors.status().code(), absl::StrCat(path, ": ", tensors.status().message()));
  }
  RETURN_IF_ERROR(CheckVocabSize(config, config_path, *tensors));
  if (config.rope_scaling && config.rope_scaling->type == "llama3") {
    RETURN_IF_ERROR(AddRopeFactors(config, *tensors, shards.files));
  }
  ModelKeys keys = GgufKeysOf(config, LastPart(path));
  RETURN_IF_ERROR(ReadHfTokenizer(path, config.vocab_size, keys));
  return ModelFile::FromParts(path, std::move(keys), *std::move(tensors), std::move(shards.files));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelFile>> OpenModel(const std::string& path, FileAccess access) {
  return IsDirectory(path) ? OpenDirectory(path, access) : ModelFile::Open(path, access);
}

}  // namespace bitnet

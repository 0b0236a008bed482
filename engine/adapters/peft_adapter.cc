#include "engine/adapters/peft_adapter.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/adapters/adapter_tensors.h"
#include "engine/adapters/layer_name.h"
#include "engine/adapters/peft_config.h"
#include "engine/huggingface/safetensors.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// PEFT's wrapper, before the name that the module has in the base model.
constexpr std::string_view kWrapper = "base_model.model.";
constexpr std::string_view kSuffixA = ".lora_A.weight";
constexpr std::string_view kSuffixB = ".lora_B.weight";

// "model.layers.0.self_attn.q_proj"; `name` ends with one of the suffixes.
std::string_view ModuleOf(std::string_view name) {
  name.remove_suffix(kSuffixA.size());
  if (name.starts_with(kWrapper)) {
    name.remove_prefix(kWrapper.size());
  }
  return name;
}

// Names of a language model begin with "model."; those of one without its output head do not.
std::optional<LayerName> ParseModule(std::string_view module) {
  if (const auto place = ParseLayerName(module, "model.layers.", HuggingFaceName)) {
    return place;
  }
  return ParseLayerName(module, "layers.", HuggingFaceName);
}

absl::Status Unknown(const std::string& path, std::string_view name) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  const char* why =
      "nothing but low-rank pairs of the layers' q_proj, k_proj, v_proj, o_proj, gate_proj, "
      "up_proj and down_proj is run";
  if (has("lora_magnitude_vector")) {
    why = "DoRA cannot be run";
  } else if (has("lora_embedding_") || has("embed_tokens")) {
    why = "an adapted embedding cannot be run";
  } else if (has("modules_to_save")) {
    why = "retrained modules cannot be run";
  } else if (name.ends_with(".bias")) {
    why = "biases cannot be run";
  }
  return absl::UnimplementedError(absl::StrFormat("%s: tensor %s: %s", path, QuoteName(name), why));
}

absl::StatusOr<GgmlType> TypeOf(const std::string& path, const SafetensorsTensor& tensor) {
  switch (tensor.type) {
    case SafetensorsType::kF32:
      return GgmlType::kF32;
    case SafetensorsType::kF16:
      return GgmlType::kF16;
    case SafetensorsType::kBF16:
      return GgmlType::kBF16;
    default:
      return absl::UnimplementedError(absl::StrFormat("%s: tensor %s is %s; F32, F16 and BF16 are read", path,
                                                      QuoteName(tensor.name),
                                                      SafetensorsTypeName(tensor.type)));
  }
}

// The heads whose rows Hugging Face orders otherwise than the model's file does, or 0.
uint32_t RopeHeads(const AdapterTensor& tensor, const ModelConfig& config) {
  if (tensor.half != AdapterTensor::kB || config.rope_pairs != RopePairs::kNeighbours) {
    return 0;
  }
  switch (tensor.kind) {
    case ProjectionKind::kQuery:
      return static_cast<uint32_t>(config.num_heads);
    case ProjectionKind::kKey:
      return static_cast<uint32_t>(config.num_kv_heads);
    default:
      return 0;
  }
}

absl::StatusOr<AdapterTensor> Place(const std::string& path, const SafetensorsTensor& tensor,
                                    const ModelConfig& config) {
  const bool is_a = tensor.name.ends_with(kSuffixA);
  if (!is_a && !tensor.name.ends_with(kSuffixB)) {
    return Unknown(path, tensor.name);
  }
  const std::optional<LayerName> place = ParseModule(ModuleOf(tensor.name));
  if (!place) {
    return Unknown(path, tensor.name);
  }
  AdapterTensor placed = {.layer = place->layer,
                          .kind = place->kind,
                          .half = is_a ? AdapterTensor::kA : AdapterTensor::kB,
                          .tensor = {.name = tensor.name,
                                     .type = {},
                                     .dims = {tensor.shape.rbegin(), tensor.shape.rend()},
                                     .data = tensor.data}};
  ASSIGN_OR_RETURN(placed.tensor.type, TypeOf(path, tensor));
  placed.tensor.rope_heads = RopeHeads(placed, config);
  return placed;
}

// The pair's scale, once the configuration agrees that it has this rank.
absl::StatusOr<double> ScaleOf(const PeftConfig& config, const AdapterTensor& b, size_t rank) {
  const std::string_view module = ModuleOf(b.tensor.name);
  ASSIGN_OR_RETURN(const uint64_t configured, config.RankOf(module));
  if (configured != rank) {
    return absl::DataLossError(absl::StrFormat("tensor %s has rank %d; the configuration gives it %d",
                                               QuoteName(b.tensor.name), rank, configured));
  }
  return config.ScaleOf(module);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Adapter>> ParsePeftAdapter(std::span<const uint8_t> config_json,
                                                          std::span<const uint8_t> safetensors,
                                                          const std::string& path, const ModelConfig& config,
                                                          size_t max_bytes) {
  ASSIGN_OR_RETURN(const PeftConfig peft, ReadPeftConfig(config_json, path + "/adapter_config.json"));
  const std::string file = path + "/adapter_model.safetensors";
  ASSIGN_OR_RETURN(const std::vector<SafetensorsTensor> found, ReadSafetensors(safetensors, file));
  std::vector<AdapterTensor> tensors;
  tensors.reserve(found.size());
  for (const SafetensorsTensor& tensor : found) {
    ASSIGN_OR_RETURN(AdapterTensor placed, Place(file, tensor, config));
    tensors.push_back(std::move(placed));
  }
  return AssembleAdapter(
      file, config, tensors, [&](const AdapterTensor& b, size_t rank) { return ScaleOf(peft, b, rank); },
      max_bytes);
}

absl::StatusOr<std::unique_ptr<Adapter>> OpenPeftAdapter(const std::string& directory,
                                                         const ModelConfig& config, size_t max_bytes) {
  ASSIGN_OR_RETURN(const Mapping json, Mapping::ReadFile(directory + "/adapter_config.json"));
  ASSIGN_OR_RETURN(const Mapping tensors, Mapping::MapFile(directory + "/adapter_model.safetensors"));
  return ParsePeftAdapter(json.bytes(), tensors.bytes(), directory, config, max_bytes);
}

}  // namespace bitnet

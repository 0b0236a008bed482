#include "engine/adapters/gguf_adapter.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/adapters/adapter_tensors.h"
#include "engine/adapters/layer_name.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

absl::Status CheckKind(const ModelFile& file, const ModelConfig& config) {
  ASSIGN_OR_RETURN(const std::string type, file.GetString("general.type"));
  if (type != "adapter") {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: key 'general.type' is %s; 'adapter' was wanted", file.path(), QuoteName(type)));
  }
  ASSIGN_OR_RETURN(const std::string kind, file.GetString("adapter.type"));
  if (kind != "lora") {
    return absl::UnimplementedError(
        absl::StrFormat("%s: key 'adapter.type' is %s; only 'lora' is read", file.path(), QuoteName(kind)));
  }
  ASSIGN_OR_RETURN(const std::string architecture, file.GetString("general.architecture"));
  if (architecture != config.architecture) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is an adapter for models of architecture %s; this one is %s", file.path(),
                        QuoteName(architecture), QuoteName(config.architecture)));
  }
  // These would apply from some token of the prompt on, and not before.
  if (file.Has("adapter.alora.invocation_tokens")) {
    return absl::UnimplementedError(
        absl::StrFormat("%s: key 'adapter.alora.invocation_tokens': activated LoRA is not run", file.path()));
  }
  return absl::OkStatus();
}

absl::StatusOr<AdapterTensor> Place(const ModelFile& file, const ModelTensor& tensor) {
  std::string_view name = tensor.name;
  const bool is_a = absl::EndsWith(tensor.name, ".weight.lora_a");
  if (is_a || absl::EndsWith(tensor.name, ".weight.lora_b")) {
    name.remove_suffix(std::string_view(".weight.lora_a").size());
    if (const std::optional<LayerName> place = ParseLayerName(name, "blk.", GgufName)) {
      return AdapterTensor{.layer = place->layer,
                           .kind = place->kind,
                           .half = is_a ? AdapterTensor::kA : AdapterTensor::kB,
                           .tensor = tensor};
    }
  }
  return absl::UnimplementedError(absl::StrFormat(
      "%s: tensor %s is no lora_a or lora_b of a layer's attn_q, attn_k, attn_v, attn_output, "
      "ffn_gate, ffn_up or ffn_down, and nothing else is adapted",
      file.path(), QuoteName(tensor.name)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Adapter>> ReadGgufAdapter(const ModelFile& file, const ModelConfig& config,
                                                         size_t max_bytes) {
  RETURN_IF_ERROR(CheckKind(file, config));
  ASSIGN_OR_RETURN(const double alpha, file.GetFloat("adapter.lora.alpha"));
  std::vector<AdapterTensor> tensors;
  tensors.reserve(file.tensors().size());
  for (const ModelTensor& tensor : file.tensors()) {
    ASSIGN_OR_RETURN(AdapterTensor placed, Place(file, tensor));
    tensors.push_back(std::move(placed));
  }
  const auto scale = [alpha](const AdapterTensor&, size_t rank) -> absl::StatusOr<double> {
    return alpha == 0 ? 1 : alpha / static_cast<double>(rank);
  };
  return AssembleAdapter(file.path(), config, tensors, scale, max_bytes);
}

}  // namespace bitnet

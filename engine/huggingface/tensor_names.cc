#include "engine/huggingface/tensor_names.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

struct Name {
  std::string_view huggingface;
  std::string_view gguf;
};

// In the order of the official GGUF file. The second spellings are those of the 1bitLLM reproduction.
constexpr Name kNorms[] = {{"input_layernorm", "attn_norm"},
                           {"self_attn.attn_sub_norm", "attn_sub_norm"},
                           {"self_attn.inner_attn_ln", "attn_sub_norm"},
                           {"self_attn.q_norm", "attn_q_norm"},
                           {"self_attn.k_norm", "attn_k_norm"},
                           {"post_attention_layernorm", "ffn_norm"},
                           {"mlp.ffn_sub_norm", "ffn_sub_norm"},
                           {"mlp.ffn_layernorm", "ffn_sub_norm"}};
constexpr Name kProjections[] = {{"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"},
                                 {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_output"},
                                 {"mlp.gate_proj", "ffn_gate"},  {"mlp.up_proj", "ffn_up"},
                                 {"mlp.down_proj", "ffn_down"}};
constexpr uint64_t kLayerSpan = 64;  // More than the tensors of a layer.

constexpr std::string_view kSkipped[] = {".rotary_emb.inv_freq", ".rotary_emb.cos_cached",
                                         ".rotary_emb.sin_cached"};

bool ConsumePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool ConsumeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

// Nothing if it is none of a layer's tensors. `rest` is what follows "model.layers.7.".
std::optional<TensorPlace> PlaceInLayer(std::string_view rest, uint64_t layer) {
  TensorPlace place = {.role = TensorRole::kMatrix, .order = (layer + 1) * kLayerSpan};
  const std::string prefix = absl::StrCat("blk.", layer, ".");
  std::string_view suffix = ".weight";
  if (ConsumeSuffix(rest, ".weight_scale")) {
    place.role = TensorRole::kMatrixScale;
  } else if (ConsumeSuffix(rest, ".rms_norm.weight")) {
    place.role = TensorRole::kProjectionNorm;
    suffix = "_norm_in.weight";
  } else if (!ConsumeSuffix(rest, ".weight")) {
    return std::nullopt;
  }
  const auto* projection = std::ranges::find(kProjections, rest, &Name::huggingface);
  if (projection != std::end(kProjections)) {
    const uint64_t index = projection - kProjections;
    place.order += std::size(kNorms) + index;
    place.order += place.role == TensorRole::kProjectionNorm ? 0 : std::size(kProjections);
    place.heads = index == 0   ? TensorPlace::kQueryHeads
                  : index == 1 ? TensorPlace::kKeyHeads
                               : TensorPlace::kNoHeads;
    place.gguf_name = absl::StrCat(prefix, std::string(projection->gguf), std::string(suffix));
    return place;
  }
  const auto* norm = std::ranges::find(kNorms, rest, &Name::huggingface);
  if (norm == std::end(kNorms) || place.role != TensorRole::kMatrix) {
    return std::nullopt;
  }
  place.role = TensorRole::kNorm;
  // Two spellings of one name stand in one place, so that a file with both is noticed.
  place.order += std::ranges::find(kNorms, norm->gguf, &Name::gguf) - kNorms;
  place.gguf_name = absl::StrCat(prefix, std::string(norm->gguf), ".weight");
  return place;
}

std::optional<TensorPlace> PlaceOutsideLayers(std::string_view name) {
  constexpr uint64_t kLast = ~uint64_t{0};
  if (name == "model.embed_tokens.weight") {
    return TensorPlace{.role = TensorRole::kEmbedding, .gguf_name = "token_embd.weight", .order = 0};
  }
  if (name == "model.norm.weight") {
    return TensorPlace{.role = TensorRole::kNorm, .gguf_name = "output_norm.weight", .order = kLast - 1};
  }
  if (name == "lm_head.weight" || name == "lm_head.weight_scale") {
    return TensorPlace{.role = name == "lm_head.weight" ? TensorRole::kMatrix : TensorRole::kMatrixScale,
                       .gguf_name = "output.weight",
                       .order = kLast};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<TensorPlace>> PlaceOfTensor(std::string_view name, uint64_t num_layers) {
  if (std::ranges::any_of(kSkipped, [&](std::string_view end) { return name.ends_with(end); })) {
    return std::nullopt;
  }
  std::optional<TensorPlace> place;
  std::string_view rest = name;
  if (ConsumePrefix(rest, "model.layers.")) {
    const size_t dot = rest.find('.');
    uint64_t layer = 0;
    if (dot != std::string_view::npos && absl::SimpleAtoi(std::string(rest.substr(0, dot)), &layer)) {
      if (layer >= num_layers) {
        return absl::DataLossError(absl::StrFormat(
            "tensor %s belongs to a layer beyond the %d that config.json has", QuoteName(name), num_layers));
      }
      place = PlaceInLayer(rest.substr(dot + 1), layer);
    }
  } else {
    place = PlaceOutsideLayers(name);
  }
  if (!place) {
    return absl::UnimplementedError(
        absl::StrCat("tensor ", QuoteName(name), " is none that models of the known architectures have"));
  }
  std::string_view module = name;
  for (const std::string_view end : {".rms_norm.weight", ".weight_scale", ".weight"}) {
    if (ConsumeSuffix(module, end)) {
      break;
    }
  }
  place->module = module;
  return place;
}

std::string_view GgufNameOfProjection(std::string_view projection) {
  for (const Name& name : kProjections) {
    if (name.huggingface.substr(name.huggingface.find('.') + 1) == projection) {
      return name.gguf;
    }
  }
  return {};
}

}  // namespace bitnet

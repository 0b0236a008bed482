#include "engine/huggingface/hf_tensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/huggingface/tensor_names.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/half.h"

namespace bitnet {
namespace {

struct Placed {
  const SafetensorsTensor* tensor;  // Borrowed.
  TensorPlace place;
};

std::string What(const SafetensorsTensor& tensor) { return absl::StrCat("tensor ", QuoteName(tensor.name)); }

std::string Shape(const SafetensorsTensor& tensor) { return "[" + absl::StrJoin(tensor.shape, ", ") + "]"; }

GgmlType FloatType(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kF32:
      return GgmlType::kF32;
    case SafetensorsType::kF16:
      return GgmlType::kF16;
    default:
      return GgmlType::kBF16;
  }
}

absl::StatusOr<float> ReadScale(const SafetensorsTensor& tensor) {
  if (tensor.type == SafetensorsType::kU8 || tensor.shape.size() > 1 ||
      (tensor.shape.size() == 1 && tensor.shape[0] != 1)) {
    return absl::DataLossError(
        absl::StrFormat("%s has shape %s and dtype %s; one floating-point number was "
                        "wanted",
                        What(tensor), Shape(tensor), SafetensorsTypeName(tensor.type)));
  }
  float value;
  if (tensor.type == SafetensorsType::kF32) {
    std::memcpy(&value, tensor.data.data(), sizeof(value));
  } else {
    uint16_t bits;
    std::memcpy(&bits, tensor.data.data(), sizeof(bits));
    value = tensor.type == SafetensorsType::kF16 ? HalfToFloat(bits)
                                                 : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  if (!(std::isnormal(value) && value > 0)) {
    return absl::DataLossError(
        absl::StrFormat("%s is %g; a finite number above 0 was wanted", What(tensor), value));
  }
  return value;
}

// Turns one tensor after the other into what GGUF has.
class Translator {
 public:
  Translator(const HfConfig& config, std::map<std::string, float> scales)
      : config_(config), scales_(std::move(scales)) {}

  absl::StatusOr<ModelTensor> Translate(const Placed& placed) {
    const SafetensorsTensor& in = *placed.tensor;
    ModelTensor out = {.name = placed.place.gguf_name,
                       .type = FloatType(in.type),
                       .dims = {in.shape.rbegin(), in.shape.rend()},
                       .data = in.data};
    const bool is_vector =
        placed.place.role == TensorRole::kNorm || placed.place.role == TensorRole::kProjectionNorm;
    if (in.shape.size() != (is_vector ? 1 : 2)) {
      return absl::DataLossError(absl::StrFormat("%s has shape %s; %s was wanted", What(in), Shape(in),
                                                 is_vector ? "a vector" : "a matrix"));
    }
    if (placed.place.role == TensorRole::kMatrix) {
      RETURN_IF_ERROR(DescribeMatrix(placed, out));
    } else if (in.type == SafetensorsType::kU8) {
      return absl::DataLossError(absl::StrCat(What(in), " has dtype U8; only linear layers are packed"));
    }
    return out;
  }

  // A scale that no matrix took.
  absl::Status CheckScalesTaken() const {
    if (!scales_.empty()) {
      return absl::DataLossError(absl::StrCat("there is a weight_scale for ",
                                              QuoteName(scales_.begin()->first), ", but no packed weight"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status DescribeMatrix(const Placed& placed, ModelTensor& out) {
    const SafetensorsTensor& in = *placed.tensor;
    const std::string& module = placed.place.module;
    const bool converted = config_.quantization && config_.quantization->Converts(module);
    if (in.type == SafetensorsType::kU8) {
      RETURN_IF_ERROR(DescribePacked(in, module, converted, out));
    } else if (converted) {
      if (scales_.contains(module) || !config_.quantization->online) {
        return absl::DataLossError(absl::StrFormat(
            "%s has dtype %s, but config.json says that its layer was converted: packed U8 was wanted",
            What(in), SafetensorsTypeName(in.type)));
      }
      out.quantize_absmean = true;
    }
    return CheckHeads(placed, out);
  }

  absl::Status DescribePacked(const SafetensorsTensor& in, const std::string& module, bool converted,
                              ModelTensor& out) {
    if (!converted) {
      return absl::DataLossError(absl::StrCat(
          What(in), " has dtype U8, but config.json ",
          config_.quantization ? "says that its layer was left alone" : "has no quantization_config"));
    }
    const auto scale = scales_.find(module);
    if (scale == scales_.end()) {
      return absl::DataLossError(absl::StrCat(What(in), " is packed and has no weight_scale beside it"));
    }
    out.type = GgmlType::kHfTernary;
    out.dims[1] *= 4;
    out.scale = config_.quantization->scale_divides ? 1 / scale->second : scale->second;
    scales_.erase(scale);
    return absl::OkStatus();
  }

  // Query and key rows are those of heads, and GGUF has them in another order for "llama".
  absl::Status CheckHeads(const Placed& placed, ModelTensor& out) const {
    if (placed.place.heads == TensorPlace::kNoHeads || config_.architecture != "llama") {
      return absl::OkStatus();
    }
    const uint64_t heads =
        placed.place.heads == TensorPlace::kQueryHeads ? config_.num_heads : config_.num_kv_heads;
    if (out.dims[1] != heads * config_.head_dim || config_.head_dim % 2 != 0) {
      return absl::DataLossError(absl::StrFormat("%s has %d rows; %d heads of %d were wanted, an even number",
                                                 What(*placed.tensor), out.dims[1], heads, config_.head_dim));
    }
    out.rope_heads = static_cast<uint32_t>(heads);
    return absl::OkStatus();
  }

  const HfConfig& config_;               // Borrowed; outlives this.
  std::map<std::string, float> scales_;  // By module; taken by its matrix.
};

}  // namespace

absl::StatusOr<std::vector<ModelTensor>> GgufTensorsOf(const HfConfig& config,
                                                       const std::vector<SafetensorsTensor>& tensors) {
  std::vector<Placed> placed;
  std::map<std::string, float> scales;
  bool has_head = false;
  for (const SafetensorsTensor& tensor : tensors) {
    ASSIGN_OR_RETURN(std::optional<TensorPlace> place, PlaceOfTensor(tensor.name, config.num_layers));
    const bool is_head = place && place->gguf_name == "output.weight";
    if (!place || (is_head && config.tied.value_or(false))) {
      continue;
    }
    has_head |= is_head;
    if (place->role != TensorRole::kMatrixScale) {
      placed.push_back({&tensor, *std::move(place)});
      continue;
    }
    ASSIGN_OR_RETURN(const float scale, ReadScale(tensor));
    scales.emplace(place->module, scale);
  }
  if (!has_head && !config.tied.value_or(true)) {
    return absl::DataLossError(
        "tensor 'lm_head.weight' is missing, and config.json has tie_word_embeddings false");
  }
  std::ranges::stable_sort(placed, {}, [](const Placed& p) { return p.place.order; });
  Translator translator(config, std::move(scales));
  std::vector<ModelTensor> out;
  out.reserve(placed.size());
  for (const Placed& p : placed) {
    ASSIGN_OR_RETURN(ModelTensor tensor, translator.Translate(p));
    if (!out.empty() && out.back().name == tensor.name) {
      return absl::DataLossError(absl::StrCat(What(*p.tensor), " is a second spelling of ",
                                              QuoteName(tensor.name), ", which the model already has"));
    }
    out.push_back(std::move(tensor));
  }
  RETURN_IF_ERROR(translator.CheckScalesTaken());
  return out;
}

std::vector<float> RopeFrequencyFactors(const HfConfig& config) {
  const HfRopeScaling& scaling = *config.rope_scaling;
  const double context = static_cast<double>(scaling.original_context_length);
  std::vector<float> factors;
  for (uint64_t i = 0; i < config.head_dim; i += 2) {
    const double frequency =
        std::pow(config.rope_theta, -static_cast<double>(i) / static_cast<double>(config.head_dim));
    // Turns of this pair within the old context: many stay as they are, few are slowed down by the factor,
    // and in between one goes over into the other.
    const double turns = context * frequency / (2 * M_PI);
    const double kept = std::clamp(
        (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor), 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / (kept + (1 - kept) / scaling.factor)));
  }
  return factors;
}

}  // namespace bitnet

#include "engine/huggingface/hf_config.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/huggingface/json_fields.h"
#include "engine/huggingface/tensor_names.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// Deeper than any configuration, and still no danger.
constexpr int kMaxDepth = 16;
// Far above any model there is, so that sums and products of two stay far from 2^64.
constexpr uint64_t kMaxSize = uint64_t{1} << 31;
constexpr uint64_t kMaxHeadDim = 4096;
constexpr uint64_t kMaxHadamard = 1 << 20;

absl::StatusOr<uint64_t> Size(const JsonFields& fields, std::string_view key,
                              std::optional<uint64_t> otherwise = {}) {
  ASSIGN_OR_RETURN(const uint64_t value, fields.Uint(key, otherwise));
  if (value < 1 || value > kMaxSize) {
    return fields.Wrong(key, absl::StrCat("1 to ", kMaxSize));
  }
  return value;
}

absl::Status Unsupported(const JsonFields& fields, std::string_view key, std::string_view found,
                         std::string_view wanted) {
  return absl::UnimplementedError(
      absl::StrFormat("%s: %s is %s; %s", fields.where(), QuoteName(key), QuoteName(found), wanted));
}

absl::StatusOr<std::string> ReadArchitecture(const JsonFields& fields) {
  const nlohmann::json* list = fields.Find("architectures");
  if (list == nullptr || !list->is_array() || list->empty() || !list->front().is_string()) {
    return fields.Wrong("architectures", "a list with a name");
  }
  const std::string name = list->front().get<std::string>();
  // Microsoft's models and those of the reproduction spell the class differently, but what tells the two
  // architectures apart is the activation function.
  const bool is_bitnet = name == "BitNetForCausalLM" || name == "BitnetForCausalLM";
  if (!is_bitnet && name != "LlamaForCausalLM" && name != "Qwen3ForCausalLM") {
    return Unsupported(
        fields, "architectures", name,
        "BitNetForCausalLM, BitnetForCausalLM, LlamaForCausalLM and Qwen3ForCausalLM are known");
  }
  const std::string usual = name == "BitNetForCausalLM" ? "relu2" : "silu";
  ASSIGN_OR_RETURN(const std::string activation, fields.String("hidden_act", usual));
  if (is_bitnet && activation == "relu2") {
    return "bitnet-b1.58";
  }
  if (activation != "silu") {
    return Unsupported(fields, "hidden_act", activation, absl::StrCat("silu is known for ", name));
  }
  return is_bitnet ? "bitnet" : name == "LlamaForCausalLM" ? "llama" : "qwen3";
}

// What our transformer has not, and these models could.
absl::Status CheckAbsent(const JsonFields& fields) {
  for (const char* key : {"attention_bias", "mlp_bias", "use_sliding_window"}) {
    ASSIGN_OR_RETURN(const bool value, fields.Bool(key, false));
    if (value) {
      return Unsupported(fields, key, "true", "only models without it are known");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSizes(const JsonFields& fields, HfConfig& config) {
  ASSIGN_OR_RETURN(config.hidden_dim, Size(fields, "hidden_size"));
  ASSIGN_OR_RETURN(config.ffn_dim, Size(fields, "intermediate_size"));
  ASSIGN_OR_RETURN(config.num_layers, Size(fields, "num_hidden_layers"));
  ASSIGN_OR_RETURN(config.vocab_size, Size(fields, "vocab_size"));
  ASSIGN_OR_RETURN(config.max_seq_len, Size(fields, "max_position_embeddings"));
  ASSIGN_OR_RETURN(config.num_heads, Size(fields, "num_attention_heads"));
  ASSIGN_OR_RETURN(config.num_kv_heads, Size(fields, "num_key_value_heads", config.num_heads));
  config.explicit_head_dim = fields.Has("head_dim");
  if (!config.explicit_head_dim && config.hidden_dim % config.num_heads != 0) {
    return fields.Wrong("num_attention_heads",
                        absl::StrFormat("a divisor of the hidden size, %d", config.hidden_dim));
  }
  ASSIGN_OR_RETURN(config.head_dim,
                   Size(fields, "head_dim", std::max<uint64_t>(1, config.hidden_dim / config.num_heads)));
  if (config.head_dim > kMaxHeadDim) {
    return fields.Wrong("head_dim", absl::StrFormat("heads of at most %d", kMaxHeadDim));
  }
  return absl::OkStatus();
}

absl::StatusOr<HfRopeScaling> ReadScaling(const JsonFields& fields, const std::string& type) {
  HfRopeScaling scaling;
  scaling.type = type;
  if (type != "linear" && type != "yarn" && type != "llama3") {
    return Unsupported(fields, "rope_type", type, "default, linear, yarn and llama3 are known");
  }
  ASSIGN_OR_RETURN(scaling.factor, fields.Float("factor"));
  if (scaling.factor < 1 || scaling.factor > 1e6) {
    return fields.Wrong("factor", "1 to 1000000");
  }
  ASSIGN_OR_RETURN(scaling.original_context_length, fields.Uint("original_max_position_embeddings", 0));
  if (scaling.original_context_length > kMaxSize) {
    return fields.Wrong("original_max_position_embeddings", absl::StrCat("at most ", kMaxSize));
  }
  if (type == "llama3") {
    ASSIGN_OR_RETURN(scaling.low_freq_factor, fields.Float("low_freq_factor", 1));
    ASSIGN_OR_RETURN(scaling.high_freq_factor, fields.Float("high_freq_factor", 4));
    if (!(scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor)) {
      return fields.Wrong("high_freq_factor", "a number above low_freq_factor, itself above 0");
    }
    if (scaling.original_context_length == 0) {
      return fields.Wrong("original_max_position_embeddings", "the context length before scaling");
    }
  }
  const auto read_optional = [&](std::string_view key, std::optional<double>& out) -> absl::Status {
    if (fields.Has(key)) {
      ASSIGN_OR_RETURN(out, fields.Float(key));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(read_optional("attention_factor", scaling.attention_factor));
  RETURN_IF_ERROR(read_optional("beta_fast", scaling.beta_fast));
  RETURN_IF_ERROR(read_optional("beta_slow", scaling.beta_slow));
  return scaling;
}

// "rope_theta" and "rope_scaling", or since transformers 5 "rope_parameters" with both.
absl::Status ReadRope(const JsonFields& fields, HfConfig& config) {
  const char* key = fields.Has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  ASSIGN_OR_RETURN(config.rope_theta, fields.Float("rope_theta", 10000.0));
  if (const nlohmann::json* json = fields.Find(key)) {
    if (!json->is_object()) {
      return fields.Wrong(key, "an object");
    }
    const JsonFields rope(absl::StrFormat("%s: %s", fields.where(), key), *json);
    ASSIGN_OR_RETURN(config.rope_theta, rope.Float("rope_theta", config.rope_theta));
    ASSIGN_OR_RETURN(const std::string old_type, rope.String("type", "default"));
    ASSIGN_OR_RETURN(const std::string type, rope.String("rope_type", old_type));
    if (type != "default") {
      ASSIGN_OR_RETURN(config.rope_scaling, ReadScaling(rope, type));
    }
  }
  if (!(config.rope_theta > 0)) {
    return fields.Wrong("rope_theta", "a number above 0");
  }
  return absl::OkStatus();
}

absl::Status ReadHadamard(const JsonFields& fields, HfQuantization& quantization) {
  const nlohmann::json* json = fields.Find("hadamard");
  if (json == nullptr) {
    return absl::OkStatus();
  }
  if (!json->is_object()) {
    return fields.Wrong("hadamard", "an object of block sizes");
  }
  const JsonFields sizes(absl::StrCat(fields.where(), ": hadamard"), *json);
  for (const auto& [layer, value] : json->items()) {
    if (GgufNameOfProjection(layer).empty()) {
      return sizes.Wrong(layer, "the name of a projection, such as o_proj, before it");
    }
    ASSIGN_OR_RETURN(const uint64_t size, sizes.Uint(layer));
    if (size < 2 || size > kMaxHadamard || (size & (size - 1)) != 0) {
      return sizes.Wrong(layer, absl::StrCat("a power of two from 2 to ", kMaxHadamard));
    }
    quantization.hadamard[layer] = size;
  }
  return absl::OkStatus();
}

absl::StatusOr<HfQuantization> ReadQuantization(const JsonFields& fields) {
  HfQuantization quantization;
  ASSIGN_OR_RETURN(const std::string method, fields.String("quant_method"));
  if (method != "bitnet") {
    return Unsupported(fields, "quant_method", method, "bitnet is known");
  }
  ASSIGN_OR_RETURN(const std::string linear_class, fields.String("linear_class", "bitlinear"));
  if (linear_class != "bitlinear" && linear_class != "autobitlinear") {
    return Unsupported(fields, "linear_class", linear_class, "bitlinear and autobitlinear are known");
  }
  quantization.scale_divides = linear_class == "bitlinear";
  ASSIGN_OR_RETURN(const std::string mode, fields.String("quantization_mode", "offline"));
  if (mode != "offline" && mode != "online") {
    return Unsupported(fields, "quantization_mode", mode, "offline and online are known");
  }
  quantization.online = mode == "online";
  quantization.not_converted = {"lm_head"};
  if (const nlohmann::json* list = fields.Find("modules_to_not_convert")) {
    if (!list->is_array() || !std::ranges::all_of(*list, [](const auto& item) { return item.is_string(); })) {
      return fields.Wrong("modules_to_not_convert", "a list of names");
    }
    quantization.not_converted = list->get<std::vector<std::string>>();
  }
  ASSIGN_OR_RETURN(quantization.use_rms_norm, fields.Bool("use_rms_norm", false));
  ASSIGN_OR_RETURN(quantization.rms_norm_eps, fields.Float("rms_norm_eps", 1e-6));
  if (!(quantization.rms_norm_eps > 0 && quantization.rms_norm_eps <= 1e-2)) {
    return fields.Wrong("rms_norm_eps", "above 0 and at most 0.01");
  }
  RETURN_IF_ERROR(ReadHadamard(fields, quantization));
  return quantization;
}

}  // namespace

bool HfQuantization::Converts(std::string_view module) const {
  return std::ranges::none_of(
      not_converted, [&](const std::string& name) { return module.find(name) != std::string_view::npos; });
}

absl::StatusOr<HfConfig> ReadHfConfig(std::span<const uint8_t> json, const std::string& path) {
  ASSIGN_OR_RETURN(const nlohmann::json object, ParseJsonObject(json, path, kMaxDepth));
  const JsonFields fields(path, object);
  HfConfig config;
  ASSIGN_OR_RETURN(config.architecture, ReadArchitecture(fields));
  RETURN_IF_ERROR(CheckAbsent(fields));
  RETURN_IF_ERROR(ReadSizes(fields, config));
  ASSIGN_OR_RETURN(config.rms_norm_eps, fields.Float("rms_norm_eps"));
  RETURN_IF_ERROR(ReadRope(fields, config));
  if (fields.Has("tie_word_embeddings")) {
    ASSIGN_OR_RETURN(config.tied, fields.Bool("tie_word_embeddings"));
  }
  if (const nlohmann::json* quantization = fields.Find("quantization_config")) {
    if (!quantization->is_object()) {
      return fields.Wrong("quantization_config", "an object");
    }
    ASSIGN_OR_RETURN(config.quantization, ReadQuantization(JsonFields(
                                              absl::StrCat(path, ": quantization_config"), *quantization)));
  } else if (config.architecture.starts_with("bitnet")) {
    // The reproduction's checkpoints say nothing: they are what training left, and the model quantises them.
    config.quantization.emplace();
    config.quantization->online = true;
    config.quantization->not_converted = {"lm_head"};
  }
  return config;
}

}  // namespace bitnet

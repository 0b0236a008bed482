#include <optional>
#include <string>
#include <utility>

#include "engine/huggingface/hf_config.h"
#include "engine/huggingface/tensor_names.h"

namespace bitnet {
namespace {

void AddScaling(const HfRopeScaling& scaling, const std::string& prefix, ModelKeys& keys) {
  // llama3's is in the file as a tensor: RopeFrequencyFactors().
  if (scaling.type == "llama3") {
    return;
  }
  keys[prefix + "type"] = scaling.type;
  keys[prefix + "factor"] = scaling.factor;
  if (scaling.original_context_length != 0) {
    keys[prefix + "original_context_length"] = scaling.original_context_length;
  }
  const std::pair<const char*, std::optional<double>> optional[] = {{"attn_factor", scaling.attention_factor},
                                                                    {"yarn_beta_fast", scaling.beta_fast},
                                                                    {"yarn_beta_slow", scaling.beta_slow}};
  for (const auto& [name, value] : optional) {
    if (value) {
      keys[prefix + name] = *value;
    }
  }
}

}  // namespace

ModelKeys GgufKeysOf(const HfConfig& config, std::string name) {
  const std::string a = config.architecture + ".";
  ModelKeys keys = {
      {"general.architecture", config.architecture},
      {"general.name", std::move(name)},
      {"general.quantization_version", uint64_t{2}},
      {a + "vocab_size", config.vocab_size},
      {a + "context_length", config.max_seq_len},
      {a + "embedding_length", config.hidden_dim},
      {a + "block_count", config.num_layers},
      {a + "feed_forward_length", config.ffn_dim},
      {a + "rope.dimension_count", config.head_dim},
      {a + "attention.head_count", config.num_heads},
      {a + "attention.head_count_kv", config.num_kv_heads},
      {a + "attention.layer_norm_rms_epsilon", config.rms_norm_eps},
      {a + "rope.freq_base", config.rope_theta},
  };
  if (config.explicit_head_dim) {
    keys[a + "attention.key_length"] = config.head_dim;
    keys[a + "attention.value_length"] = config.head_dim;
  }
  if (config.rope_scaling) {
    AddScaling(*config.rope_scaling, a + "rope.scaling.", keys);
  }
  if (config.quantization) {
    keys["bitnet.activations"] = std::string("int8_token");
    if (config.quantization->use_rms_norm) {
      keys["bitnet.input_norm_rms_epsilon"] = config.quantization->rms_norm_eps;
    }
    for (const auto& [layer, size] : config.quantization->hadamard) {
      keys["bitnet.hadamard." + std::string(GgufNameOfProjection(layer))] = size;
    }
  }
  return keys;
}

}  // namespace bitnet

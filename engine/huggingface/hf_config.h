// What a Hugging Face model's config.json says.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

// How the linear layers of a BitNet model became ternary.
struct HfQuantization {
  // Of packed tensors: a weight is code / weight_scale (linear class "bitlinear"), or code * weight_scale
  // ("autobitlinear").
  bool scale_divides = true;
  // The file has float master weights, to be quantised by their mean, where it has no packed ones.
  bool online = false;
  // Layers whose names contain one of these were left alone. The output head always is unless the list is
  // given without it.
  std::vector<std::string> not_converted;
  // Each converted layer normalises its input with weights of its own.
  bool use_rms_norm = false;
  double rms_norm_eps = 1e-6;
  // The input of these layers ("o_proj", "down_proj") goes through a Hadamard transform in blocks of so many
  // values. No published model writes this down yet; "hadamard" in quantization_config is our own.
  std::map<std::string, uint64_t> hadamard;

  // Whether the linear layer with this name, such as "model.layers.0.mlp.up_proj", was converted.
  bool Converts(std::string_view module) const;
};

struct HfRopeScaling {
  std::string type;  // "linear", "yarn" or "llama3".
  double factor = 1;
  uint64_t original_context_length = 0;  // 0: not said.
  double low_freq_factor = 1;            // Of llama3.
  double high_freq_factor = 4;
  std::optional<double> attention_factor;  // Of yarn, as all below.
  std::optional<double> beta_fast;
  std::optional<double> beta_slow;
};

struct HfConfig {
  std::string architecture;  // As GGUF has it: "bitnet-b1.58", "bitnet", "llama", "qwen3".
  uint64_t hidden_dim = 0;
  uint64_t ffn_dim = 0;
  uint64_t num_layers = 0;
  uint64_t num_heads = 0;
  uint64_t num_kv_heads = 0;
  uint64_t head_dim = 0;
  bool explicit_head_dim = false;
  uint64_t vocab_size = 0;
  uint64_t max_seq_len = 0;
  double rms_norm_eps = 0;
  double rope_theta = 0;
  std::optional<HfRopeScaling> rope_scaling;
  std::optional<bool> tied;  // Whether the embedding is also the output head; not said: if there is no head.
  std::optional<HfQuantization> quantization;  // None: weights are as they stand.
};

// UNIMPLEMENTED: an architecture, activation function, bias, quantisation or scaling that we do not run.
// DATA_LOSS: something needed is missing or nonsense. Messages name the key; `path` is used in them.
absl::StatusOr<HfConfig> ReadHfConfig(std::span<const uint8_t> json, const std::string& path);

// The keys that a GGUF file of this model has, those of its tokenizer aside.
ModelKeys GgufKeysOf(const HfConfig& config, std::string name);

}  // namespace bitnet

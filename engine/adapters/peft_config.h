// What PEFT's adapter_config.json says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

struct PeftConfig {
  struct RankException {
    std::string pattern;
    uint64_t rank;
  };
  struct AlphaException {
    std::string pattern;
    double alpha;
  };

  uint64_t rank = 0;
  double alpha = 0;
  bool use_rslora = false;  // Scales are alpha / sqrt(rank), not alpha / rank (arXiv 2312.03732).
  // For the modules that a pattern matches; the first that does counts. In the order of the keys, which is
  // how PEFT writes them.
  std::vector<RankException> rank_pattern;
  std::vector<AlphaException> alpha_pattern;

  // Of the module "model.layers.0.self_attn.q_proj". INVALID_ARGUMENT: a pattern cannot be matched.
  absl::StatusOr<uint64_t> RankOf(std::string_view module) const;
  absl::StatusOr<double> ScaleOf(std::string_view module) const;
};

// UNIMPLEMENTED: another method than LoRA, or a variant of it that changes what is computed (DoRA, biases,
// retrained modules and so on); the message names the key. DATA_LOSS: something is missing or nonsense.
// `path` is used in messages.
//
// Not needed and not looked at: target_modules and layers_to_transform (the tensors tell), lora_dropout (of
// training), fan_in_fan_out (how matrices are stored of a layer type that our models do not have).
absl::StatusOr<PeftConfig> ReadPeftConfig(std::span<const uint8_t> json, const std::string& path);

}  // namespace bitnet

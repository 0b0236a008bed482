// What kind of transformer a model file holds: its dimensions and constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct ModelConfig {
  std::string architecture;  // "bitnet-b1.58".
  std::string name;          // general.name, or "".
  size_t hidden_dim = 0;
  size_t ffn_dim = 0;
  size_t num_layers = 0;
  size_t num_heads = 0;
  size_t num_kv_heads = 0;
  size_t head_dim = 0;
  size_t vocab_size = 0;
  size_t max_seq_len = 0;
  float rms_norm_eps = 0;
  double rope_theta = 0;

  size_t query_dim() const { return num_heads * head_dim; }
  size_t kv_dim() const { return num_kv_heads * head_dim; }
};

// Reads the dimensions from the file's keys and checks that they fit together: heads divide, what is summed
// over is a multiple of the 128 weights of a ternary block, sizes are ones that products of them cannot
// overflow. DATA_LOSS names the key, what was found and what was wanted; UNIMPLEMENTED names an architecture
// we do not know.
absl::StatusOr<ModelConfig> ReadModelConfig(const ModelFile& file);

}  // namespace bitnet

// What kind of transformer a model file holds: its dimensions and constants.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model/architecture.h"
#include "engine/model/model_file.h"
#include "engine/model/pooling.h"

namespace bitnet {

// How a model was stretched to contexts longer than those of its pre-training.
struct RopeScaling {
  enum class Kind : uint8_t {
    kNone,
    kLinear,  // Positions divided by `factor`.
    kYarn,    // Peng et al. 2023, arXiv 2309.00071: slow turns divided by `factor`, fast ones left, a ramp
              // between.
  };
  Kind kind = Kind::kNone;
  double factor = 1;
  double original_context = 0;  // Of kYarn.
};

// What the matrices of a model are multiplied with, as it was trained.
enum class ActivationPolicy : uint8_t {
  kByTensor,   // Not said: int8 per token for tensors with one scale, int8 per group for those with groups.
  kInt8Token,  // And so on, as ActivationFormat in engine/weights/matrix.h.
  kInt8Group,
  kBinary,
  kTernary,
  kBFloat16,
};

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
  float input_norm_eps =
      0;  // Of norms that belong to one matrix: bitnet.input_norm_rms_epsilon, or rms_norm_eps.
  double rope_theta = 0;
  RopeScaling rope_scaling;
  FfnActivation ffn_activation = FfnActivation::kSquaredRelu;
  RopePairs rope_pairs = RopePairs::kHalves;
  bool has_sub_norms = true;
  bool has_query_key_norms = false;
  bool head_is_embedding = true;  // Even if the file has an output.weight.
  // From the key bitnet.activations ("int8_token", "int8_group", "binary", "ternary", "bf16"), or by
  // architecture.
  ActivationPolicy activations = ActivationPolicy::kInt8Token;
  // Of the model's embeddings, from the key pooling_type of its architecture: 1 is kMean, and 3 (last), none
  // and all others, which say nothing that suits a decoder (cls, rank), are kLast.
  Pooling pooling = Pooling::kLast;

  size_t query_dim() const { return num_heads * head_dim; }
  // The longest rows of the layers' matrices.
  size_t max_k() const { return std::max({hidden_dim, query_dim(), ffn_dim}); }
  size_t kv_dim() const { return num_kv_heads * head_dim; }
};

// Reads the dimensions from the file's keys and checks that they fit together: heads divide, sizes are ones
// that products of them cannot overflow. DATA_LOSS names the key, what was found and what was wanted;
// UNIMPLEMENTED names an architecture we do not know.
absl::StatusOr<ModelConfig> ReadModelConfig(const ModelFile& file);

}  // namespace bitnet

#include "engine/weights/model_weights.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/weights/tensor_reader.h"

namespace bitnet {
namespace {

size_t PackedBytes(size_t rows, size_t k) {
  return TernaryMatrix{.rows = rows, .k = k}.tiles() * TernaryTileBytes(k);
}

size_t PackedLayerBytes(const ModelConfig& c) {
  return PackedBytes(c.query_dim(), c.hidden_dim) + 2 * PackedBytes(c.kv_dim(), c.hidden_dim) +
         PackedBytes(c.hidden_dim, c.query_dim()) + 2 * PackedBytes(c.ffn_dim, c.hidden_dim) +
         PackedBytes(c.hidden_dim, c.ffn_dim);
}

// Reads the tensors of one layer after the other, packing matrices into one piece of memory in the order in
// which a step reads them. With `memory` null, only checks them.
class LayerReader {
 public:
  LayerReader(const ModelFile& file, const ModelConfig& config, uint8_t* memory, ThreadPool& pool)
      : file_(file), config_(config), memory_(memory), pool_(pool) {}

  absl::StatusOr<LayerWeights> Read(size_t layer) {
    prefix_ = absl::StrCat("blk.", layer, ".");
    const ModelConfig& c = config_;
    LayerWeights w;
    ASSIGN_OR_RETURN(w.attn_norm, Floats("attn_norm", c.hidden_dim));
    ASSIGN_OR_RETURN(w.query, Ternary("attn_q", c.query_dim(), c.hidden_dim));
    ASSIGN_OR_RETURN(w.key, Ternary("attn_k", c.kv_dim(), c.hidden_dim));
    ASSIGN_OR_RETURN(w.value, Ternary("attn_v", c.kv_dim(), c.hidden_dim));
    ASSIGN_OR_RETURN(w.attn_sub_norm, Floats("attn_sub_norm", c.query_dim()));
    ASSIGN_OR_RETURN(w.attn_output, Ternary("attn_output", c.hidden_dim, c.query_dim()));
    ASSIGN_OR_RETURN(w.ffn_norm, Floats("ffn_norm", c.hidden_dim));
    ASSIGN_OR_RETURN(w.gate, Ternary("ffn_gate", c.ffn_dim, c.hidden_dim));
    ASSIGN_OR_RETURN(w.up, Ternary("ffn_up", c.ffn_dim, c.hidden_dim));
    ASSIGN_OR_RETURN(w.ffn_sub_norm, Floats("ffn_sub_norm", c.ffn_dim));
    ASSIGN_OR_RETURN(w.down, Ternary("ffn_down", c.hidden_dim, c.ffn_dim));
    return w;
  }

 private:
  absl::StatusOr<std::span<const float>> Floats(const char* name, size_t n) {
    return ReadFloats(file_, absl::StrCat(prefix_, name, ".weight"), n);
  }

  absl::StatusOr<TernaryMatrix> Ternary(const char* name, size_t rows, size_t k) {
    uint8_t* memory = memory_;
    if (memory_ != nullptr) {
      memory_ += PackedBytes(rows, k);
    }
    return ReadTernaryMatrix(file_, absl::StrCat(prefix_, name, ".weight"), rows, k, memory, pool_);
  }

  const ModelFile& file_;
  const ModelConfig& config_;
  uint8_t* memory_;  // Where the next matrix goes.
  ThreadPool& pool_;
  std::string prefix_;
};

absl::Status ReadLayers(LayerReader reader, size_t num_layers, std::vector<LayerWeights>& layers) {
  layers.clear();
  for (size_t layer = 0; layer < num_layers; ++layer) {
    ASSIGN_OR_RETURN(LayerWeights weights, reader.Read(layer));
    layers.push_back(weights);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelWeights> ModelWeights::Load(const ModelFile& file, const ModelConfig& config,
                                                ThreadPool& pool) {
  ModelWeights weights;
  ASSIGN_OR_RETURN(weights.embedding,
                   ReadHalfMatrix(file, "token_embd.weight", config.vocab_size, config.hidden_dim, pool));
  ASSIGN_OR_RETURN(weights.output_norm, ReadFloats(file, "output_norm.weight", config.hidden_dim));
  // Checked before memory is taken for them: the dimensions are only a claim until the tensors bear it out.
  RETURN_IF_ERROR(ReadLayers(LayerReader(file, config, nullptr, pool), config.num_layers, weights.layers));
  weights.packed = AlignedBuffer<uint8_t>(config.num_layers * PackedLayerBytes(config));
  RETURN_IF_ERROR(
      ReadLayers(LayerReader(file, config, weights.packed.data(), pool), config.num_layers, weights.layers));
  return weights;
}

}  // namespace bitnet

#include "engine/weights/model_weights.h"

#include <atomic>
#include <bit>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/weights/tensor_reader.h"

namespace bitnet {
namespace {

constexpr uint64_t kAlignment = 64;

uint64_t Aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Reads norms at once and plans matrices. Memory is taken for these when all tensors of the file were found
// to be what they should: dimensions are only a claim until then.
class WeightReader {
 public:
  WeightReader(const ModelFile& file, const ModelConfig& config, const WeightOptions& options,
               ThreadPool& pool)
      : file_(file), config_(config), planner_(file, config, options, pool), pool_(pool) {}

  absl::Status ReadLayer(size_t layer, LayerWeights& w) {
    const ModelConfig& c = config_;
    prefix_ = absl::StrCat("blk.", layer, ".");
    RETURN_IF_ERROR(Norm("attn_norm", c.hidden_dim, true, w.attn_norm));
    RETURN_IF_ERROR(Plan("attn_q", c.query_dim(), c.hidden_dim, w.query));
    RETURN_IF_ERROR(Plan("attn_k", c.kv_dim(), c.hidden_dim, w.key));
    RETURN_IF_ERROR(Plan("attn_v", c.kv_dim(), c.hidden_dim, w.value));
    RETURN_IF_ERROR(Norm("attn_q_norm", c.head_dim, c.has_query_key_norms, w.query_norm));
    RETURN_IF_ERROR(Norm("attn_k_norm", c.head_dim, c.has_query_key_norms, w.key_norm));
    RETURN_IF_ERROR(Norm("attn_sub_norm", c.query_dim(), c.has_sub_norms, w.attn_sub_norm));
    RETURN_IF_ERROR(Plan("attn_output", c.hidden_dim, c.query_dim(), w.attn_output));
    RETURN_IF_ERROR(Norm("ffn_norm", c.hidden_dim, true, w.ffn_norm));
    RETURN_IF_ERROR(Plan("ffn_gate", c.ffn_dim, c.hidden_dim, w.gate));
    RETURN_IF_ERROR(Plan("ffn_up", c.ffn_dim, c.hidden_dim, w.up));
    RETURN_IF_ERROR(Norm("ffn_sub_norm", c.ffn_dim, c.has_sub_norms, w.ffn_sub_norm));
    return Plan("ffn_down", c.hidden_dim, c.ffn_dim, w.down);
  }

  absl::Status PlanHead(const std::string& name, HeadFormat format, Matrix& head) {
    ASSIGN_OR_RETURN(MatrixPlan plan,
                     planner_.PlanHead(name, config_.vocab_size, config_.hidden_dim, format));
    plans_.push_back({std::move(plan), &head});
    return absl::OkStatus();
  }

  // The copy of a head of floats. Others are read whole: there is nothing to gain.
  absl::Status PlanScreen(const std::string& head_name, const std::string& name, Matrix& copy) {
    const uint64_t rows = config_.vocab_size;
    const uint64_t k = config_.hidden_dim;
    ASSIGN_OR_RETURN(const MatrixPlan head, planner_.PlanHead(head_name, rows, k, HeadFormat::kExact));
    ASSIGN_OR_RETURN(MatrixPlan plan, planner_.PlanHead(name, rows, k, HeadFormat::kInt6));
    const bool unscaled = head.matrix().scale == 1 && plan.matrix().scale == 1;
    if (head.matrix().activations == ActivationFormat::kFloat && unscaled &&
        plan.matrix().layout == MatrixLayout::kInt6) {
      plans_.push_back({std::move(plan), &copy});
    }
    return absl::OkStatus();
  }

  // Packs all that was planned.
  absl::Status Load(AlignedBuffer<uint8_t>& packed) {
    uint64_t bytes = 0;
    for (const Planned& planned : plans_) {
      bytes += Aligned(planned.plan.bytes());
    }
    packed = AlignedBuffer<uint8_t>(bytes);
    uint8_t* memory = packed.data();
    for (const Planned& planned : plans_) {
      ASSIGN_OR_RETURN(*planned.matrix, LoadMatrix(planned.plan, memory, pool_));
      memory += Aligned(planned.plan.bytes());
    }
    return absl::OkStatus();
  }

 private:
  struct Planned {
    MatrixPlan plan;
    Matrix* matrix;  // Where it goes; stays in place.
  };

  absl::Status Norm(const char* name, size_t n, bool wanted, std::vector<float>& out) {
    if (wanted) {
      ASSIGN_OR_RETURN(out, ReadFloats(file_, absl::StrCat(prefix_, name, ".weight"), n));
    }
    return absl::OkStatus();
  }

  absl::Status Plan(const char* name, size_t rows, size_t k, Linear& linear) {
    ASSIGN_OR_RETURN(MatrixPlan plan, planner_.Plan(absl::StrCat(prefix_, name, ".weight"), rows, k));
    plans_.push_back({std::move(plan), &linear.matrix});
    const std::string norm = absl::StrCat(prefix_, name, "_norm_in.weight");
    if (file_.GetTensor(norm).ok()) {
      ASSIGN_OR_RETURN(linear.input_norm, ReadFloats(file_, norm, k));
    }
    return ReadHadamard(absl::StrCat("bitnet.hadamard.", name), k, linear);
  }

  // A model with a transform has a key for each kind of matrix it concerns.
  absl::Status ReadHadamard(const std::string& key, size_t k, Linear& linear) {
    if (!file_.Has(key)) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const uint64_t block, file_.GetUint(key));
    if (!std::has_single_bit(block) || k % block != 0) {
      return absl::DataLossError(absl::StrFormat(
          "%s: key '%s' is %d; a power of two that divides %d was wanted", file_.path(), key, block, k));
    }
    linear.hadamard_block = block;
    return absl::OkStatus();
  }

  const ModelFile& file_;
  const ModelConfig& config_;
  const MatrixPlanner planner_;
  ThreadPool& pool_;
  std::string prefix_;
  std::vector<Planned> plans_;
};

absl::StatusOr<RowDecoder> ReadEmbedding(const ModelFile& file, const ModelConfig& config,
                                         const WeightOptions& options, bool check, ThreadPool& pool) {
  ASSIGN_OR_RETURN(const ModelTensor* tensor,
                   FindTensor(file, "token_embd.weight", {config.hidden_dim, config.vocab_size}));
  absl::StatusOr<RowDecoder> decoder = RowDecoder::Create(*tensor, options.i2s_layout);
  if (!decoder.ok()) {
    return absl::Status(decoder.status().code(), absl::StrCat(file.path(), ": ", decoder.status().message()));
  }
  if (!check) {
    return decoder;
  }
  std::atomic<bool> valid = true;
  pool.ParallelFor(decoder->rows(), [&](size_t begin, size_t end) {
    std::vector<float> row(decoder->k());
    bool all = true;
    for (size_t r = begin; r < end; ++r) {
      all &= decoder->Floats(r, row.data());
    }
    if (!all) {
      valid = false;
    }
  });
  if (!valid) {
    return absl::DataLossError(
        absl::StrCat(file.path(), ": tensor token_embd.weight holds a value that is not finite"));
  }
  return decoder;
}

}  // namespace

absl::StatusOr<ModelWeights> ModelWeights::Load(const ModelFile& file, const ModelConfig& config,
                                                const WeightOptions& options, ThreadPool& pool) {
  ModelWeights weights;
  ASSIGN_OR_RETURN(weights.output_norm, ReadFloats(file, "output_norm.weight", config.hidden_dim));
  if (file.GetTensor("rope_freqs.weight").ok()) {
    ASSIGN_OR_RETURN(weights.rope_factors, ReadFloats(file, "rope_freqs.weight", config.head_dim / 2));
  }
  WeightReader reader(file, config, options, pool);
  // No reallocation, which would move the matrices that plans point to; a missing layer ends it before memory
  // for an absurd number of them is touched.
  weights.layers.reserve(config.num_layers);
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    RETURN_IF_ERROR(reader.ReadLayer(layer, weights.layers.emplace_back()));
  }
  const absl::StatusOr<const ModelTensor*> output = file.GetTensor("output.weight");
  const bool packed_head = output.ok() && (*output)->type == GgmlType::kPackedInt6;
  const bool exact = options.head == HeadFormat::kExact;
  // A packed head stands beside the embedding that it was made of, or else is all there is.
  const bool of_embedding = !output.ok() || config.head_is_embedding;
  const bool own_head = exact ? !of_embedding : packed_head || !of_embedding;
  const std::string head_name = own_head ? "output.weight" : "token_embd.weight";
  RETURN_IF_ERROR(reader.PlanHead(head_name, options.head, weights.head));
  Matrix copy;
  if (exact) {
    RETURN_IF_ERROR(reader.PlanScreen(head_name, packed_head ? "output.weight" : head_name, copy));
  }
  RETURN_IF_ERROR(reader.Load(weights.packed));
  if (copy.rows > 0) {
    ASSIGN_OR_RETURN(weights.screen, MeasureScreen(weights.head, copy, pool));
  }
  if (options.sparsity) {
    ASSIGN_OR_RETURN(weights.sparse, CopySparse(config, weights.layers, pool));
  }
  // A head made of the embedding has seen all of it.
  const bool check = own_head && !packed_head;
  ASSIGN_OR_RETURN(weights.embedding, ReadEmbedding(file, config, options, check, pool));
  return weights;
}

}  // namespace bitnet

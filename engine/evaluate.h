// Logits of given texts, for measuring a model and for checking that every kernel gives the same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/adapters/adapter.h"
#include "engine/cache/kv_cache.h"
#include "engine/loaded_model.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"
#include "kernels/cpu_features.h"

namespace bitnet {

struct EvaluatorOptions {
  int num_threads = 0;                             // 0: as many as the CPUs this process may run on.
  CpuFeatures cpu_features = DetectCpuFeatures();  // What kernels may use.
  size_t chunk_size = 64;                          // Tokens of one sequence per step at most.
  size_t max_batch = 1;                            // Sequences at once.
  WeightOptions weights = {};
  KvType kv_type = KvType::kF16;
  size_t logits_needed = kAllLogits;  // Of the highest; the others may be -infinity.
};

// Used by one thread at a time.
class Evaluator {
 public:
  static absl::StatusOr<std::unique_ptr<Evaluator>> Create(std::unique_ptr<ModelFile> file,
                                                           const EvaluatorOptions& options);

  // Logits after each token, [tokens.size(), vocab_size]. INVALID_ARGUMENT: no token, one out of range, or
  // more than the context holds.
  absl::StatusOr<std::vector<float>> Logits(std::span<const int32_t> tokens,
                                            std::span<const ActiveAdapter> adapters = {});
  // The same of up to max_batch sequences run together: sequence i joins in step i, so that every step works
  // at different positions. Sequence i uses adapters[i], if there are that many.
  absl::StatusOr<std::vector<std::vector<float>>> BatchLogits(
      std::span<const std::vector<int32_t>> sequences,
      std::span<const std::span<const ActiveAdapter>> adapters = {});

  ScreeningStats screening() const { return transformer_.screening(); }
  const ModelConfig& config() const { return model_.config; }
  const ModelFile& file() const { return *model_.file; }

 private:
  Evaluator(const EvaluatorOptions& options, std::unique_ptr<ThreadPool> pool, LoadedModel model);

  absl::Status Check(std::span<const std::vector<int32_t>> sequences) const;

  const EvaluatorOptions options_;
  std::unique_ptr<ThreadPool> pool_;
  LoadedModel model_;
  KvCache cache_;
  Transformer transformer_;
};

}  // namespace bitnet

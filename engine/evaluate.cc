#include "engine/evaluate.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

struct Progress {
  BlockTable blocks;
  size_t done = 0;  // Tokens that have run.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Evaluator>> Evaluator::Create(std::unique_ptr<ModelFile> file,
                                                             const EvaluatorOptions& options) {
  const int num_threads = options.num_threads > 0 ? options.num_threads : NumUsableCpus();
  auto pool = std::make_unique<ThreadPool>(num_threads);
  ASSIGN_OR_RETURN(LoadedModel model, LoadedModel::Load(std::move(file), options.weights, *pool));
  return std::unique_ptr<Evaluator>(new Evaluator(options, std::move(pool), std::move(model)));
}

Evaluator::Evaluator(const EvaluatorOptions& options, std::unique_ptr<ThreadPool> pool, LoadedModel model)
    : options_(options),
      pool_(std::move(pool)),
      model_(std::move(model)),
      cache_(model_.config, options.max_batch * NumBlocks(model_.config.max_seq_len), options.kv_type),
      transformer_(model_.config, model_.weights, cache_, options.cpu_features,
                   {.max_tokens = options.max_batch * options.chunk_size,
                    .max_logits = options.max_batch * options.chunk_size},
                   pool_.get()) {}

absl::StatusOr<std::vector<float>> Evaluator::Logits(std::span<const int32_t> tokens,
                                                     std::span<const ActiveAdapter> adapters) {
  const std::vector<int32_t> sequence(tokens.begin(), tokens.end());
  ASSIGN_OR_RETURN(auto logits, BatchLogits({&sequence, 1}, {&adapters, 1}));
  return std::move(logits[0]);
}

absl::StatusOr<std::vector<std::vector<float>>> Evaluator::BatchLogits(
    std::span<const std::vector<int32_t>> sequences,
    std::span<const std::span<const ActiveAdapter>> adapters) {
  RETURN_IF_ERROR(Check(sequences));
  std::vector<Progress> progress(sequences.size());
  std::vector<std::vector<float>> logits(sequences.size());
  for (size_t i = 0; i < sequences.size(); ++i) {
    cache_.Reserve(sequences[i].size(), progress[i].blocks);  // Fits: Check has seen to it.
    logits[i].reserve(sequences[i].size() * config().vocab_size);
  }

  std::vector<BatchToken> batch;
  std::vector<size_t> owners;  // Of the batch's tokens.
  for (size_t step = 0; step < sequences.size() || !batch.empty(); ++step) {
    batch.clear();
    owners.clear();
    for (size_t i = 0; i < std::min(step + 1, sequences.size()); ++i) {
      Progress& p = progress[i];
      const size_t end = std::min(p.done + options_.chunk_size, sequences[i].size());
      for (; p.done < end; ++p.done) {
        batch.push_back({.token = sequences[i][p.done],
                         .position = p.done,
                         .blocks = &p.blocks,
                         .wants_logits = true,
                         .logits_needed = options_.logits_needed,
                         .adapters = i < adapters.size() ? adapters[i] : std::span<const ActiveAdapter>()});
        owners.push_back(i);
      }
    }
    const std::span<const float> step_logits = transformer_.Forward(batch);
    for (size_t b = 0; b < owners.size(); ++b) {
      const auto row = step_logits.subspan(b * config().vocab_size, config().vocab_size);
      logits[owners[b]].insert(logits[owners[b]].end(), row.begin(), row.end());
    }
  }
  for (Progress& p : progress) {
    cache_.Release(p.blocks);
  }
  return logits;
}

absl::Status Evaluator::Check(std::span<const std::vector<int32_t>> sequences) const {
  if (sequences.empty() || sequences.size() > options_.max_batch) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d sequences; 1 to %d are possible", sequences.size(), options_.max_batch));
  }
  for (const std::vector<int32_t>& tokens : sequences) {
    if (tokens.empty() || tokens.size() > config().max_seq_len) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%d tokens; 1 to %d are possible", tokens.size(), config().max_seq_len));
    }
    for (int32_t token : tokens) {
      if (token < 0 || static_cast<size_t>(token) >= config().vocab_size) {
        return absl::InvalidArgumentError(
            absl::StrFormat("token %d; the vocabulary has tokens 0 to %d", token, config().vocab_size - 1));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bitnet

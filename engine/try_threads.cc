#include "engine/try_threads.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/strings/str_format.h"
#include "engine/cache/kv_cache.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"

namespace bitnet {
namespace {

// A short answer's. Tables over a whole context could take longer to make than the steps.
constexpr size_t kMaxPositions = 256;

// A model with some number of threads, ready to decode.
class Decoder {
 public:
  Decoder(const LoadedModel& model, CpuFeatures features, int threads)
      : config_(ShortContext(model.config)),
        pool_(threads),
        cache_(config_, NumBlocks(config_.max_seq_len), KvType::kF16),
        transformer_(config_, model.weights, cache_, features, {.max_tokens = 1, .max_logits = 1}, &pool_) {
    blocks_.ReserveCapacity(NumBlocks(config_.max_seq_len));
    cache_.Reserve(config_.max_seq_len, blocks_);
  }

  absl::Duration Step() {
    const BatchToken token = {
        .position = num_steps_++ % config_.max_seq_len, .blocks = &blocks_, .wants_logits = true};
    const auto begin = std::chrono::steady_clock::now();
    transformer_.Forward({&token, 1});
    return absl::FromChrono(std::chrono::steady_clock::now() - begin);
  }

 private:
  static ModelConfig ShortContext(ModelConfig config) {
    config.max_seq_len = std::min(config.max_seq_len, kMaxPositions);
    return config;
  }

  const ModelConfig config_;
  ThreadPool pool_;
  KvCache cache_;
  Transformer transformer_;
  BlockTable blocks_;
  size_t num_steps_ = 0;
};

absl::Duration Median(std::vector<absl::Duration> times) {
  const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return *middle;
}

}  // namespace

std::vector<ThreadTrial> TryThreads(std::span<const int> candidates, absl::Duration time,
                                    absl::FunctionRef<absl::Duration(size_t)> step) {
  absl::Duration passed;
  for (size_t i = 0; i < candidates.size(); ++i) {
    passed += step(i);
  }
  std::vector<std::vector<absl::Duration>> times(candidates.size());
  do {
    for (size_t i = 0; i < candidates.size(); ++i) {
      times[i].push_back(step(i));
      passed += times[i].back();
    }
  } while (passed < time && candidates.size() > 1);
  std::vector<ThreadTrial> trials;
  for (size_t i = 0; i < candidates.size(); ++i) {
    trials.push_back({candidates[i], Median(std::move(times[i]))});
  }
  return trials;
}

std::vector<ThreadTrial> TryThreadsOn(const LoadedModel& model, CpuFeatures features,
                                      std::span<const int> candidates, absl::Duration time) {
  std::vector<std::unique_ptr<Decoder>> decoders;
  for (const int threads : candidates) {
    decoders.push_back(std::make_unique<Decoder>(model, features, threads));
  }
  return TryThreads(candidates, time, [&](size_t i) { return decoders[i]->Step(); });
}

int FastestThreads(std::span<const ThreadTrial> trials) {
  const absl::Duration best = std::ranges::min_element(trials, {}, &ThreadTrial::step)->step;
  int fewest = 0;
  for (const ThreadTrial& trial : trials) {
    if (trial.step <= 1.03 * best && (fewest == 0 || trial.threads < fewest)) {
      fewest = trial.threads;
    }
  }
  return fewest;
}

std::string DescribeTrials(std::span<const ThreadTrial> trials) {
  std::string text;
  for (const ThreadTrial& trial : trials) {
    const bool first = text.empty();
    absl::StrAppendFormat(&text, "%s%d %s %.2f ms%s", first ? "" : ", ", trial.threads,
                          trial.threads == 1 ? "thread takes" : "threads take",
                          absl::ToDoubleMilliseconds(trial.step), first ? " a step" : "");
  }
  return text;
}

}  // namespace bitnet

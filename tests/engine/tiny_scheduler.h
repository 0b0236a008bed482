// A scheduler over a tiny random model, to be stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/loaded_model.h"
#include "engine/scheduler/batch_scheduler.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"
#include "tests/engine/random_model.h"

namespace bitnet {

struct TinySchedulerOptions {
  RandomModelShape shape = {};
  size_t kv_blocks = 64;
  size_t chunk_size = 16;
  size_t max_sequences = 4;
  size_t max_draft = 0;
  int num_threads = 1;
  std::vector<int32_t> end_ids = {};
  KvType kv_type = KvType::kF16;
  bool prefix_cache = true;
  absl::Duration priority_ageing = kDefaultPriorityAgeing;
  EnergyCounter energy_counter = {};
};

inline LoadedModel LoadRandomModel(const std::vector<uint8_t>& bytes, ThreadPool& pool) {
  absl::StatusOr<std::unique_ptr<ModelFile>> file = ModelFile::Parse(bytes, "random");
  EXPECT_TRUE(file.ok()) << file.status();
  absl::StatusOr<LoadedModel> model = LoadedModel::Load(*std::move(file), {}, pool);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

struct TinyScheduler {
  explicit TinyScheduler(const TinySchedulerOptions& options = {})
      : bytes(RandomModel(options.shape)),
        pool(options.num_threads),
        model(LoadRandomModel(bytes, pool)),
        cache(model.config, options.kv_blocks, options.kv_type, options.prefix_cache),
        transformer(model.config, model.weights, cache, DetectCpuFeatures(),
                    {.max_tokens = options.chunk_size + options.max_sequences,
                     .max_logits = options.max_sequences + options.max_draft},
                    &pool),
        scheduler(&transformer, &cache, &pool, model.config.vocab_size,
                  {.chunk_size = options.chunk_size,
                   .max_sequences = options.max_sequences,
                   .max_positions = std::min(model.config.max_seq_len, cache.capacity_tokens()),
                   .max_draft = options.max_draft,
                   .end_ids = options.end_ids,
                   .priority_ageing = options.priority_ageing,
                   .energy_counter = options.energy_counter}) {}

  void RunAll() {
    while (!scheduler.idle()) {
      scheduler.Step();
    }
  }

  std::vector<uint8_t> bytes;
  ThreadPool pool;
  LoadedModel model;
  KvCache cache;
  Transformer transformer;
  BatchScheduler scheduler;
};

}  // namespace bitnet

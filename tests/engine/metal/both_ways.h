// A model that runs on the CPU and on an emulated GPU, over the same cache.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/loaded_model.h"
#include "engine/metal/gpu_transformer.h"
#include "engine/model/model_file.h"
#include "engine/transformer/transformer.h"
#include "tests/engine/metal/emulated_device.h"
#include "tests/engine/random_model.h"

namespace bitnet {

// A model, a cache, and both ways to run it.
class BothWays {
 public:
  static constexpr size_t kMaxTokens = 48;

  explicit BothWays(std::unique_ptr<ModelFile> file, KvType kv_type = KvType::kF16,
                    WeightOptions weights = {})
      : model_(*LoadedModel::Load(std::move(file), weights, pool_)),
        cache_(model_.config, 64, kv_type),
        cpu_(model_.config, model_.weights, cache_, DetectCpuFeatures(),
             {.max_tokens = kMaxTokens, .max_logits = kMaxTokens}, &pool_) {}

  absl::Status CreateGpu() {
    auto created = GpuTransformer::Create(model_.config, model_.weights, cache_, cpu_.rope(), kMaxTokens,
                                          kMaxTokens, &device_);
    if (created.ok()) gpu_ = *std::move(created);
    return created.status();
  }

  BlockTable& Sequence(size_t i) {
    if (tables_.size() <= i) tables_.resize(i + 1);
    return tables_[i];
  }

  // `n` tokens of sequence i from `position` on. All, or only the last, want logits.
  std::vector<BatchToken> Tokens(size_t i, size_t position, size_t n, bool all = true) {
    std::vector<BatchToken> batch;
    EXPECT_TRUE(cache_.Reserve(position + n, Sequence(i)));
    const std::vector<int32_t> ids =
        RandomTokens(position + n, model_.config.vocab_size, static_cast<uint32_t>(i));
    for (size_t t = position; t < position + n; ++t) {
      batch.push_back({.token = ids[t],
                       .position = t,
                       .blocks = &Sequence(i),
                       .wants_logits = all || t + 1 == position + n});
    }
    return batch;
  }

  std::vector<float> OnCpu(std::span<const BatchToken> batch) {
    const std::span<const float> logits = cpu_.Forward(batch);
    return {logits.begin(), logits.end()};
  }
  std::vector<float> OnGpu(std::span<const BatchToken> batch) {
    const absl::StatusOr<std::span<const float>> logits = gpu_->Forward(batch);
    EXPECT_TRUE(logits.ok()) << logits.status();
    return logits.ok() ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
  }

  // The same step both ways, the GPU's last, whose keys and values so stay.
  void ExpectEqual(std::span<const BatchToken> batch) {
    const std::vector<float> cpu = OnCpu(batch);
    const std::vector<float> gpu = OnGpu(batch);
    ASSERT_EQ(cpu.size(), gpu.size());
    size_t equal = 0;
    for (size_t i = 0; i < cpu.size(); ++i) {
      equal += std::bit_cast<uint32_t>(cpu[i]) == std::bit_cast<uint32_t>(gpu[i]);
    }
    EXPECT_EQ(equal, cpu.size());
    equal_ += equal;
  }

  size_t equal() const { return equal_; }
  EmulatedDevice& device() { return device_; }
  const ModelConfig& config() const { return model_.config; }

 private:
  ThreadPool pool_{2};
  LoadedModel model_;
  KvCache cache_;
  Transformer cpu_;
  EmulatedDevice device_;
  std::unique_ptr<GpuTransformer> gpu_;
  std::deque<BlockTable> tables_;  // Stay where they are.
  size_t equal_ = 0;
};

// A prompt, a token after it, and a step of two sequences.
inline void ExpectEqualSteps(BothWays& model) {
  model.ExpectEqual(model.Tokens(0, 0, 11));
  model.ExpectEqual(model.Tokens(0, 11, 1));
  std::vector<BatchToken> batch = model.Tokens(0, 12, 1);
  batch.push_back(model.Tokens(1, 0, 1)[0]);
  model.ExpectEqual(batch);
  std::printf("             %zu of %zu logits have the CPU's bits\n", model.equal(),
              14 * model.config().vocab_size);
}

}  // namespace bitnet

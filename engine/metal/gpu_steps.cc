#include "engine/metal/gpu_steps.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "engine/metal/metal_device.h"
#include "engine/metal/objc_runtime.h"
#include "engine/metal/self_test/kernel_self_test.h"

namespace bitnet {
namespace {

// Fewer tokens than this read as many bytes as one does, which the CPU of these chips does as fast.
constexpr size_t kGuideMinBatch = 4;
// Two tiles of a GEMM's columns and then some; and a few GEMVs.
constexpr size_t kTriedPrompt = 37;
constexpr size_t kTriedTokens = 3;
// Of each of two: the first may have to bring memory in.
constexpr int kTimings = 3;

}  // namespace

bool GuideFavoursGpu(std::string_view chip) {
  constexpr std::string_view kPrefix = "Apple M";
  if (!chip.starts_with(kPrefix)) return false;
  int generation = 0;
  std::from_chars(chip.data() + kPrefix.size(), chip.data() + chip.size(), generation);
  const auto is = [chip](std::string_view size) { return chip.find(size) != chip.npos; };
  return generation > 3 || (generation == 3 && (is("Max") || is("Ultra")));
}

absl::StatusOr<std::unique_ptr<GpuDevice>> OpenMetalDevice() {
  ASSIGN_OR_RETURN(const ObjcRuntime runtime, LoadObjcRuntime());
  return MetalDevice::Create(runtime);
}

// Blocks of the cache for as long as something is tried, and batches in them.
struct GpuSteps::Trial {
  explicit Trial(GpuSteps& steps) : cache(steps.cache_), vocab_size(steps.config_.vocab_size) {
    const size_t room = std::min(steps.config_.max_seq_len, cache.capacity_tokens());
    tokens = std::min(kTriedTokens, room - 1);
    prompt = std::min({kTriedPrompt, room - tokens, steps.limits_.max_tokens});
    reserved = cache.Reserve(prompt + tokens, blocks);
  }
  ~Trial() { cache.Release(blocks); }

  // Tokens of no meaning, the last of which wants logits.
  std::vector<BatchToken> Batch(size_t begin, size_t n) const {
    std::vector<BatchToken> batch;
    for (size_t t = begin; t < begin + n; ++t) {
      batch.push_back({.token = static_cast<int32_t>((t * 7919 + 13) % vocab_size),
                       .position = t,
                       .blocks = &blocks,
                       .wants_logits = t + 1 == begin + n});
    }
    return batch;
  }

  KvCache& cache;
  const size_t vocab_size;
  BlockTable blocks;
  size_t prompt, tokens;
  bool reserved;
};

absl::StatusOr<std::unique_ptr<GpuSteps>> GpuSteps::Create(UseMetal use, const OpenGpu& open,
                                                           const ModelConfig& config,
                                                           const ModelWeights& weights, BatchLimits limits,
                                                           KvCache* cache, Transformer* cpu) {
  std::unique_ptr<GpuSteps> steps(new GpuSteps(config, limits, cache, cpu));
  if (use == UseMetal::kOff) return steps;
  if (const absl::Status status = steps->Open(open, weights); !status.ok()) {
    if (use != UseMetal::kAuto) return status;
    steps->report_.note = std::string(status.message());
    steps->Close();
    return steps;
  }
  if (const absl::Status status = steps->SelfTest(); !status.ok()) {
    steps->Fail(status);
    steps->Close();
    return steps;
  }
  steps->Decide(use);
  return steps;
}

absl::Status GpuSteps::Open(const OpenGpu& open, const ModelWeights& weights) {
  ASSIGN_OR_RETURN(device_, open());
  ASSIGN_OR_RETURN(gpu_, GpuTransformer::Create(config_, weights, cache_, cpu_.rope(), limits_.max_tokens,
                                                limits_.max_logits, device_.get()));
  kernels_ = std::make_unique<KernelTrial>(device_.get());
  return kernels_->Share();
}

void GpuSteps::Close() {
  device_ = nullptr;
  gpu_ = nullptr;
  kernels_ = nullptr;
}

absl::Status GpuSteps::SelfTest() {
  // What the logits would show too, but not by name.
  RETURN_IF_ERROR(TestKernels(*kernels_));
  return CompareLogits();
}

absl::Status GpuSteps::CompareLogits() {
  const Trial trial(*this);
  if (!trial.reserved) return absl::InternalError("Metal: the cache has no room for a self-test");
  const auto compare = [&](const std::vector<BatchToken>& batch) -> absl::Status {
    const std::span<const float> expected = cpu_.Forward(batch);
    const std::vector<float> cpu(expected.begin(), expected.end());
    ASSIGN_OR_RETURN(const std::span<const float> gpu, gpu_->Forward(batch));
    if (gpu.size() != cpu.size() || std::memcmp(gpu.data(), cpu.data(), gpu.size_bytes()) != 0) {
      return absl::InternalError(absl::StrCat("Metal: self-test: logits after a step of ", batch.size(),
                                              " tokens at position ", batch[0].position,
                                              " differ from the CPU's"));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(compare(trial.Batch(0, trial.prompt)));
  for (size_t i = 0; i < trial.tokens; ++i) RETURN_IF_ERROR(compare(trial.Batch(trial.prompt + i, 1)));
  return absl::OkStatus();
}

void GpuSteps::Decide(UseMetal use) {
  report_.device = device_->name();
  if (use == UseMetal::kOn) {
    report_.min_batch = 1;
  } else if (use == UseMetal::kHybrid) {
    report_.min_batch = GpuLinear::kGemmMinBatch;
  } else if (GuideFavoursGpu(report_.device)) {
    Measure();
  } else {
    report_.note = absl::StrCat("on ", report_.device, " the CPU is taken to be as fast");
  }
  if (report_.min_batch == 0) Close();
}

void GpuSteps::Measure() {
  const Trial trial(*this);
  const auto best_time = [](auto&& step) {
    absl::Duration best = absl::InfiniteDuration();
    for (int i = 0; i < kTimings; ++i) {
      const absl::Time begin = absl::Now();
      step();
      best = std::min(best, absl::Now() - begin);
    }
    return best;
  };
  for (const size_t tokens : {kGuideMinBatch, trial.prompt}) {
    const std::vector<BatchToken> batch = trial.Batch(0, std::min(tokens, trial.prompt));
    const absl::Duration cpu = best_time([&] { cpu_.Forward(batch); });
    const absl::Duration gpu = best_time([&] { gpu_->Forward(batch).IgnoreError(); });
    if (gpu < cpu) {
      report_.min_batch = batch.size();
      return;
    }
    report_.note = absl::StrCat("a step of ", batch.size(), " tokens takes ", absl::FormatDuration(gpu),
                                " on ", report_.device, " and ", absl::FormatDuration(cpu), " on the CPU");
  }
}

bool GpuSteps::Takes(std::span<const BatchToken> batch) const {
  return gpu_ != nullptr && batch.size() >= report_.min_batch &&
         std::ranges::none_of(
             batch, [](const BatchToken& token) { return token.wants_hidden || !token.adapters.empty(); });
}

std::optional<std::span<const float>> GpuSteps::Forward(std::span<const BatchToken> batch) {
  const absl::StatusOr<std::span<const float>> logits = gpu_->Forward(batch);
  if (!logits.ok()) {
    Fail(logits.status());
    return std::nullopt;
  }
  ++report_.steps;
  return *logits;
}

void GpuSteps::Fail(const absl::Status& status) {
  ++report_.failures;
  report_.note = std::string(status.message());
}

}  // namespace bitnet

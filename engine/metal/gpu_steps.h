// Steps on the GPU: whether, which, and what if not.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/metal/gpu_transformer.h"
#include "engine/metal/self_test/kernel_trial.h"
#include "engine/metal/use_metal.h"
#include "engine/transformer/step_accelerator.h"
#include "engine/transformer/transformer.h"

namespace bitnet {

// Whether the GPU of the chip of this name may be worth it (kAuto): a Max or Ultra from M3 on, any from M4
// on.
bool GuideFavoursGpu(std::string_view chip);

// Used by one thread.
class GpuSteps : public StepAccelerator {
 public:
  // Opens a device, tries each kernel on it, and runs a few tokens on it and on `cpu`: where a kernel's
  // result or the logits differ in a bit, or a step fails, the GPU is not used and the report says what it
  // was. All references outlive this; `cache` has room for the tokens that are tried. With kOn and kHybrid,
  // FAILED_PRECONDITION: there is no GPU, UNIMPLEMENTED: no kernel for the model; kAuto is content with the
  // CPU and notes it.
  static absl::StatusOr<std::unique_ptr<GpuSteps>> Create(UseMetal use, const OpenGpu& open,
                                                          const ModelConfig& config,
                                                          const ModelWeights& weights, BatchLimits limits,
                                                          KvCache* cache, Transformer* cpu);

  bool Takes(std::span<const BatchToken> batch) const override;
  std::optional<std::span<const float>> Forward(std::span<const BatchToken> batch) override;

  const GpuReport& report() const { return report_; }

 private:
  // What is tried is a sequence of its own.
  struct Trial;

  GpuSteps(const ModelConfig& config, BatchLimits limits, KvCache* cache, Transformer* cpu)
      : config_(config), limits_(limits), cache_(*cache), cpu_(*cpu) {}
  absl::Status Open(const OpenGpu& open, const ModelWeights& weights);
  // INTERNAL: which kernel, or which of the tried steps, differs from the CPU's.
  absl::Status SelfTest();
  absl::Status CompareLogits();
  // The device first, which shares the others' memory.
  void Close();
  void Measure();
  void Decide(UseMetal use);
  void Fail(const absl::Status& status);

  const ModelConfig& config_;
  const BatchLimits limits_;
  KvCache& cache_;
  Transformer& cpu_;
  std::unique_ptr<KernelTrial> kernels_;
  std::unique_ptr<GpuTransformer> gpu_;  // Null: not used.
  std::unique_ptr<GpuDevice> device_;    // Last: it shares the memory of those before it.
  GpuReport report_;
};

}  // namespace bitnet

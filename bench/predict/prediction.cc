#include "bench/predict/prediction.h"

#include <algorithm>

namespace bitnet {
namespace {

double MatrixShare(GpuUnit unit) { return unit == GpuUnit::kMatrix ? kGpuMatrixShare : kGpuLanesShare; }

double ReadSeconds(const MacChip& chip, const CpuStepCost& step) {
  const double cores = chip.performance_cores;
  return static_cast<double>(step.bytes) / std::min(chip.cpu_bandwidth, kCpuCoreBytesPerSecond * cores);
}

}  // namespace

double GpuSeconds(const MacChip& chip, const std::vector<DispatchCost>& step) {
  double seconds = 0;
  for (const DispatchCost& dispatch : step) {
    const double full = kSimdgroupsToFillACore * chip.gpu_cores;
    const double busy = std::min(1.0, static_cast<double>(dispatch.simdgroups) / full);
    const double reads = static_cast<double>(dispatch.bytes) / (busy * kGpuBandwidthShare * chip.bandwidth);
    const double peak = chip.gpu_cores * kGpuCoreMacs * chip.gpu_hertz;
    const double multiplies = static_cast<double>(dispatch.macs) / (busy * MatrixShare(dispatch.unit) * peak);
    seconds += kDispatchSeconds + std::max(reads, multiplies);
  }
  return seconds;
}

double CpuDecodeSeconds(const MacChip& chip, const CpuStepCost& step) { return ReadSeconds(chip, step); }

double CpuPromptSeconds(const MacChip& chip, const CpuStepCost& step) {
  const double macs =
      static_cast<double>(step.int8_macs) + kInt8PerFloat * static_cast<double>(step.float_macs);
  const double per_second = kCpuMatrixShare * chip.performance_cores * chip.cpu_core_int8_macs;
  return std::max(ReadSeconds(chip, step), macs / per_second);
}

Prediction DecodingFor(double seconds, size_t tokens, double watts) {
  const double tokens_per_second = static_cast<double>(tokens) / seconds;
  return {.tokens_per_second = tokens_per_second, .joules_per_token = watts / tokens_per_second};
}

std::vector<StepTokens> PromptSteps(size_t prompt_tokens, size_t chunk_size) {
  std::vector<StepTokens> steps;
  for (size_t begin = 0; begin < prompt_tokens; begin += chunk_size) {
    steps.push_back(
        {.tokens = std::min(chunk_size, prompt_tokens - begin), .context = begin, .prompt = true});
  }
  return steps;
}

}  // namespace bitnet

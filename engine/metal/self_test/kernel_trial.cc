#include "engine/metal/self_test/kernel_trial.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "kernels/cpu_features.h"

namespace bitnet {
namespace {

// Attention over float32 tiles of two chunks takes the most, 0.4 MiB.
constexpr size_t kArenaBytes = size_t{1} << 20;
// Of operands: as much as any type of a kernel's could want.
constexpr size_t kAlignment = 256;

}  // namespace

KernelTrial::KernelTrial(GpuDevice* device)
    : device_(device),
      cpu_(DetectCpuFeatures()),
      memory_(device),
      arena_(kArenaBytes, memory_),
      commands_(&memory_) {}

void KernelTrial::Begin(MetalKernel kernel) {
  kernel_ = kernel;
  used_ = 0;
  status_ = absl::OkStatus();
  rng_.seed(1);
}

absl::Status KernelTrial::End() const {
  if (status_.ok()) return status_;
  return absl::InternalError(
      absl::StrCat("Metal: self-test: kernel ", SpecOf(kernel_).name, ": ", status_.message()));
}

std::vector<float> KernelTrial::Floats(size_t n) {
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(static_cast<int32_t>(rng_())) * 0x1p-30f;
  return values;
}

std::vector<float> KernelTrial::PositiveFloats(size_t n) {
  std::vector<float> values(n);
  for (float& value : values) value = 0.25f + static_cast<float>(rng_() >> 8) * 0x1p-23f;
  return values;
}

void* KernelTrial::Allocate(size_t bytes) {
  std::byte* memory = arena_.data() + used_;
  used_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  assert(used_ <= arena_.size());
  std::memset(memory, 0xff, bytes);
  return memory;
}

void KernelTrial::Differs(size_t i, size_t n) {
  status_ = absl::InternalError(absl::StrCat("value ", i, " of ", n, " differs from the CPU's"));
}

}  // namespace bitnet

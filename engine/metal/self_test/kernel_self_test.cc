#include "engine/metal/self_test/kernel_self_test.h"

#include <iterator>

#include "base/status_macros.h"
#include "engine/metal/self_test/kernel_trials.h"

namespace bitnet {
namespace {

struct Entry {
  MetalKernel kernel;
  void (*run)(KernelTrial& trial);
};

template <TrialLayout kLayout>
void Gemv(KernelTrial& trial) {
  TryGemv(trial, kLayout);
}
template <TrialLayout kLayout>
void Gemm(KernelTrial& trial) {
  TryGemm(trial, kLayout);
}
template <TrialLayout kLayout>
void GatedGemv(KernelTrial& trial) {
  TryGatedGemv(trial, kLayout);
}

constexpr Entry kTrials[] = {
    {MetalKernel::kAddRows, TryAddRows},
    {MetalKernel::kAttendChunk, TryAttendChunk},
    {MetalKernel::kBase3GatedGemv, GatedGemv<TrialLayout::kBase3>},
    {MetalKernel::kBase3Gemm, Gemm<TrialLayout::kBase3>},
    {MetalKernel::kBase3Gemv, Gemv<TrialLayout::kBase3>},
    {MetalKernel::kFloatGemv, TryFloatGemv},
    {MetalKernel::kGateRows, TryGateRows},
    {MetalKernel::kGrouped1BitGemm, Gemm<TrialLayout::kGrouped1Bit>},
    {MetalKernel::kGrouped1BitGemv, Gemv<TrialLayout::kGrouped1Bit>},
    {MetalKernel::kGrouped2BitGemm, Gemm<TrialLayout::kGrouped2Bit>},
    {MetalKernel::kGrouped2BitGemv, Gemv<TrialLayout::kGrouped2Bit>},
    {MetalKernel::kInt6Gemv, TryInt6Gemv},
    {MetalKernel::kJoinChunks, TryJoinChunks},
    {MetalKernel::kNormHeads, TryNormHeads},
    {MetalKernel::kNormQuantize, TryNormQuantize},
    {MetalKernel::kNormRow, TryNormRow},
    {MetalKernel::kQuantizeBinary, TryQuantizeBinary},
    {MetalKernel::kQuantizeGroups, TryQuantizeGroups},
    {MetalKernel::kQuantizeTernary, TryQuantizeTernary},
    {MetalKernel::kRotateStore, TryRotateStore},
    {MetalKernel::kRoundToBf16, TryRoundToBf16},
    {MetalKernel::kSignBinaryGemv, TrySignBinaryGemv},
    {MetalKernel::kSignFloatGemv, TrySignFloatGemv},
    {MetalKernel::kSignTernaryGemv, TrySignTernaryGemv},
    {MetalKernel::kTernaryGatedGemv, GatedGemv<TrialLayout::kTernary2Bit>},
    {MetalKernel::kTernaryGemm, Gemm<TrialLayout::kTernary2Bit>},
    {MetalKernel::kTernaryGemv, Gemv<TrialLayout::kTernary2Bit>},
};

// A kernel without a trial does not compile.
constexpr bool HasEveryKernelInItsOrder() {
  if (std::size(kTrials) != std::size(kMetalKernels)) return false;
  for (size_t i = 0; i < std::size(kTrials); ++i) {
    if (kTrials[i].kernel != kMetalKernels[i].kernel) return false;
  }
  return true;
}
static_assert(HasEveryKernelInItsOrder());

}  // namespace

absl::Status TestKernel(KernelTrial& trial, MetalKernel kernel) {
  trial.Begin(kernel);
  kTrials[static_cast<size_t>(kernel)].run(trial);
  return trial.End();
}

absl::Status TestKernels(KernelTrial& trial) {
  for (const Entry& entry : kTrials) RETURN_IF_ERROR(TestKernel(trial, entry.kernel));
  return absl::OkStatus();
}

}  // namespace bitnet

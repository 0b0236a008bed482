// A small problem for each kernel of kernels/metal: sizes are such that every loop ends in a tail.
#pragma once

#include "engine/metal/self_test/kernel_trial.h"

namespace bitnet {

// Rows of activations (row_trials.cc).
void TryAddRows(KernelTrial& trial);
void TryNormRow(KernelTrial& trial);
void TryNormQuantize(KernelTrial& trial);
void TryNormHeads(KernelTrial& trial);
void TryGateRows(KernelTrial& trial);
void TryQuantizeGroups(KernelTrial& trial);

// One-bit weights and what they are multiplied with (sign_trials.cc).
void TryQuantizeBinary(KernelTrial& trial);
void TryQuantizeTernary(KernelTrial& trial);
void TryRoundToBf16(KernelTrial& trial);
void TrySignBinaryGemv(KernelTrial& trial);
void TrySignTernaryGemv(KernelTrial& trial);
void TrySignFloatGemv(KernelTrial& trial);

// Products of tiles (product_trials.cc).
enum class TrialLayout : uint8_t { kTernary2Bit, kBase3, kGrouped1Bit, kGrouped2Bit };
void TryGemv(KernelTrial& trial, TrialLayout layout);
void TryGemm(KernelTrial& trial, TrialLayout layout);
void TryGatedGemv(KernelTrial& trial, TrialLayout layout);  // Of the first two.

// Output heads (head_trials.cc).
void TryFloatGemv(KernelTrial& trial);
void TryInt6Gemv(KernelTrial& trial);

// Keys, values and attention (attention_trials.cc).
void TryRotateStore(KernelTrial& trial);
void TryAttendChunk(KernelTrial& trial);
void TryJoinChunks(KernelTrial& trial);

}  // namespace bitnet

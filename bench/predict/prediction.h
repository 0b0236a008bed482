// Seconds and joules of a chip for what steps take.
#pragma once

#include <span>
#include <vector>

#include "bench/predict/chips.h"
#include "bench/predict/cpu_step.h"
#include "bench/predict/gpu_step.h"

namespace bitnet {

// --- GPU

// Of the share of a chip's bandwidth that its GPU reaches when it is full, and of what a dispatch takes
// however little it does. Fitted to what llama.cpp publishes for Bonsai 1.7B, 4B and 8B on an M4 Pro with 20
// GPU cores: 307, 178 and 117 tokens per second, of 242, 566 and 1149 MB, with 28, 36 and 36 layers of 17
// operations.
inline constexpr double kGpuBandwidthShare = 0.73;
inline constexpr double kDispatchSeconds = 4.5e-6;
// Below so many SIMD groups a core it waits for memory: an assumption, which matters for small matrices on
// large chips.
inline constexpr double kSimdgroupsToFillACore = 8;
// Multiply-adds of a core and cycle, on matrices of halves as on lanes of floats (philipturner's
// metal-benchmarks).
inline constexpr double kGpuCoreMacs = 128;
// What products reach of it. llama.cpp reads 500 tokens per second of a Llama 3.1 8B on an M1 Max of 32
// cores (brand-o/normiebench issue 40): 3.49 of 5.31 T multiply-adds. Its tiles are as large as ours, 64 rows
// by 32 columns; that ours are unpacked as fast is an assumption.
inline constexpr double kGpuMatrixShare = 0.66;
// And attention, whose lanes load a query's element, load and convert a key's, and multiply: an assumption.
inline constexpr double kGpuLanesShare = 0.25;
// 6.2 to 6.7 W of the 32 cores of an M1 Max that decodes (Tritium, by powermetrics).
inline constexpr double kGpuCoreWatts = 0.2;

double GpuSeconds(const MacChip& chip, const std::vector<DispatchCost>& step);

// --- CPU

// A performance core unpacks and multiplies so many bytes of 2-bit weights a second (apple.md's count of
// instructions, 25 to 30). 1.7 W a core: 27 W of an M2 Ultra's 16 (bitnet.cpp: 0.140 J at 194 tokens/s),
// and 1.75 W of an M5 Max's 18 (Litespark: 0.79 J at 39.9).
inline constexpr double kCpuCoreBytesPerSecond = 27e9;
inline constexpr double kCpuCoreWatts = 1.7;
// What products of many columns reach of the dot-product instructions' peak: an assumption. llama.cpp
// reaches 0.29 (Bonsai 1.7B, 420 tokens/s on an M4 Pro), unpacking weights for each column anew.
inline constexpr double kCpuMatrixShare = 0.5;
// Multiply-adds of int8 in the time of one of floats: four in a lane of 32 bits.
inline constexpr double kInt8PerFloat = 4;

// Of a step that decodes: what is read.
double CpuDecodeSeconds(const MacChip& chip, const CpuStepCost& step);
// Of one that reads a prompt: what is multiplied, unless reading takes longer.
double CpuPromptSeconds(const MacChip& chip, const CpuStepCost& step);

// --- both

struct Prediction {
  double tokens_per_second;
  // Of the cores that compute; not of memory, nor of what the machine takes at rest.
  double joules_per_token;
};

Prediction DecodingFor(double seconds, size_t tokens, double watts);

// The steps of a prompt.
std::vector<StepTokens> PromptSteps(size_t prompt_tokens, size_t chunk_size);

}  // namespace bitnet

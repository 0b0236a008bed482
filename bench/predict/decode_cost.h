// What a decode step takes on a GPU, dispatch by dispatch, and on a chip, in seconds and joules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/models/shapes.h"
#include "bench/predict/chips.h"

namespace bitnet {

// One dispatch of kernels/metal.
struct DispatchCost {
  uint64_t bytes;       // Read from memory: weights, keys and values.
  uint64_t simdgroups;  // Of its grid.
};

// The dispatches of a step of `batch` sequences at position `context`, as engine/metal makes them.
// INVALID_ARGUMENT: a type that cannot hold rows of the shape's lengths.
absl::StatusOr<std::vector<DispatchCost>> GpuStep(const ModelShape& shape, const WeightType& type,
                                                  const WeightType& head, size_t batch, size_t context);

uint64_t TotalBytes(const std::vector<DispatchCost>& step);

// What a CPU reads for the same: weights once for all sequences, keys and values once for all query heads of
// theirs.
absl::StatusOr<uint64_t> CpuStepBytes(const ModelShape& shape, const WeightType& type, const WeightType& head,
                                      size_t batch, size_t context);

struct Prediction {
  double tokens_per_second;
  double
      joules_per_token;  // Of the cores that compute; not of memory, nor of what the machine takes at rest.
};

// Of the share of a chip's bandwidth that its GPU reaches when it is full, and of what a dispatch takes
// however little it does. Fitted to what llama.cpp publishes for Bonsai 1.7B, 4B and 8B on an M4 Pro with 20
// GPU cores: 307, 178 and 117 tokens per second, of 242, 566 and 1149 MB, with 28, 36 and 36 layers of 17
// operations.
inline constexpr double kGpuBandwidthShare = 0.73;
inline constexpr double kDispatchSeconds = 4.5e-6;
// Below so many SIMD groups a core it waits for memory: an assumption, which matters for small matrices on
// large chips.
inline constexpr double kSimdgroupsToFillACore = 8;
// 6.2 to 6.7 W of the 32 cores of an M1 Max that decodes (Tritium, by powermetrics).
inline constexpr double kGpuCoreWatts = 0.2;

Prediction PredictGpu(const MacChip& chip, const std::vector<DispatchCost>& step, size_t batch);

// A performance core unpacks and multiplies so many bytes of 2-bit weights a second (apple.md's count of
// instructions, 25 to 30). 1.7 W a core: 27 W of an M2 Ultra's 16 (bitnet.cpp: 0.140 J at 194 tokens/s),
// and 1.75 W of an M5 Max's 18 (Litespark: 0.79 J at 39.9).
inline constexpr double kCpuCoreBytesPerSecond = 27e9;
inline constexpr double kCpuCoreWatts = 1.7;

Prediction PredictCpu(const MacChip& chip, uint64_t step_bytes, size_t batch);

}  // namespace bitnet

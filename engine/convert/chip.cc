#include "engine/convert/chip.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/aligned_buffer.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/cpu_features.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

// Read once through, so that nothing of it is in a cache when its turn comes: larger than the last-level
// cache of any chip this runs on for a whole pass.
constexpr size_t kBandwidthBytes = size_t{256} << 20;
// 64 rows of 2560: 40 KiB in 2 bits, in the second-level cache of everything.
constexpr size_t kRows = 64;
constexpr size_t kColumns = 2560;
constexpr absl::Duration kKernelTime = absl::Milliseconds(20);

// The best of three: whatever else runs can only slow a pass down.
double MeasureBandwidth(ThreadPool& pool) {
  AlignedBuffer<uint8_t> memory(kBandwidthBytes);
  const auto* words = reinterpret_cast<const uint64_t*>(memory.data());
  const size_t num_words = kBandwidthBytes / sizeof(uint64_t);
  pool.ParallelFor(kBandwidthBytes, [&](size_t begin, size_t end) {
    std::fill(memory.data() + begin, memory.data() + end, uint8_t{1});
  });
  std::vector<uint64_t> sums(static_cast<size_t>(pool.num_threads()));
  absl::Duration best = absl::InfiniteDuration();
  for (int pass = 0; pass < 3; ++pass) {
    const absl::Time start = absl::Now();
    pool.RunOnAll([&](int thread) {
      const size_t threads = sums.size();
      const size_t t = static_cast<size_t>(thread);
      // Kept, so that the reads are.
      sums[t] += std::accumulate(words + num_words * t / threads, words + num_words * (t + 1) / threads,
                                 uint64_t{0});
    });
    best = std::min(best, absl::Now() - start);
  }
  return sums[0] == 0 ? 0 : static_cast<double>(kBandwidthBytes) / absl::ToDoubleNanoseconds(best);
}

// Weights a nanosecond of one thread, with all threads running.
template <typename Run>
double MeasureRate(ThreadPool& pool, Run run) {
  std::vector<double> rates(static_cast<size_t>(pool.num_threads()));
  pool.RunOnAll([&](int thread) {
    const absl::Time start = absl::Now();
    size_t calls = 0;
    do {
      run();
      ++calls;
    } while (absl::Now() - start < kKernelTime);
    rates[static_cast<size_t>(thread)] =
        static_cast<double>(calls * kRows * kColumns) / absl::ToDoubleNanoseconds(absl::Now() - start);
  });
  return *std::ranges::min_element(rates);
}

// Operands of both kernels. What the weights are makes no difference to their speed.
struct Operands {
  size_t tiles = kRows / kTernaryTileRows;
  std::vector<uint8_t> w = std::vector<uint8_t>(kRows * kColumns);
  std::vector<int8_t> x = std::vector<int8_t>(Base3PaddedK(kColumns), 3);
  int32_t x_sum = static_cast<int32_t>(3 * kColumns);
  float factor = 1;
};

double Rate2Bit(ThreadPool& pool, const Operands& o) {
  const TernaryGemmKernel& kernel = SelectTernaryGemm(DetectCpuFeatures());
  return MeasureRate(pool, [&] {
    float y[kRows];
    kernel.run({.tiles = o.tiles,
                .k = kColumns,
                .batch = 1,
                .w = o.w.data(),
                .x = o.x.data(),
                .x_stride = o.x.size(),
                .x_sum = &o.x_sum,
                .factor = &o.factor,
                .y = y,
                .y_stride = kRows});
  });
}

double RateBase3(ThreadPool& pool, const Operands& o) {
  const Base3GemmKernel& kernel = SelectBase3Gemm(DetectCpuFeatures());
  return MeasureRate(pool, [&] {
    float y[kRows];
    kernel.run({.tiles = o.tiles,
                .k = kColumns,
                .batch = 1,
                .w = o.w.data(),
                .x = o.x.data(),
                .x_stride = o.x.size(),
                .x_sum = &o.x_sum,
                .factor = &o.factor,
                .y = y,
                .y_stride = kRows});
  });
}

}  // namespace

ChipProperties ListedChip(TargetArch arch) {
  if (arch == TargetArch::kNative) {
#if defined(__aarch64__) && defined(__APPLE__)
    arch = TargetArch::kArm64Darwin;
#elif defined(__aarch64__)
    arch = TargetArch::kArm64Linux;
#else
    arch = TargetArch::kX86_64Linux;
#endif
  }
  // Rates are counted from the kernels' inner loops, instructions of 16 (arm64) or 64 (x86) weights at what
  // the cores can start in a cycle: 3 of them in 2 bits (shift, mask, dot product), 4.2 of base 3 (multiply
  // by three, two dot products, sums). Nothing of these two arm64 lines was measured.
  switch (arch) {
    case TargetArch::kArm64Darwin:
      // M4 Mac mini: 120 GB/s, of which four performance cores draw some 100; 4 vector units at 4.4 GHz.
      return {"M4 Mac mini", 4, 100, 4 * 4.4 * 16 / 3, 4 * 4.4 * 16 / 4.2, false};
    case TargetArch::kArm64Linux:
      // Raspberry Pi 5: Cortex-A76, 2 vector units at 2.4 GHz, LPDDR4X-4267 on 32 bits.
      return {"Raspberry Pi 5", 4, 13, 2 * 2.4 * 16 / 3, 2 * 2.4 * 16 / 4.2, false};
    default:
      // A desktop with two channels of DDR5-5600, AVX2: 2.2 vector operations of 32 weights a cycle at 4.5
      // GHz; its base 3 needs 16-bit lanes.
      return {"desktop with two channels of DDR5", 8, 70, 2.2 * 4.5 * 32 / 4, 2.2 * 4.5 * 32 / 9, false};
  }
}

ChipProperties MeasureThisChip(ThreadPool& pool) {
  const Operands operands;
  return {.name = "this machine",
          .threads = pool.num_threads(),
          .bandwidth = MeasureBandwidth(pool),
          .rate_2bit = Rate2Bit(pool, operands),
          .rate_base3 = RateBase3(pool, operands),
          .measured = true};
}

double NanosecondsPerWeight(const ChipProperties& chip, double bits, double rate) {
  return std::max(bits / 8 / chip.bandwidth, 1 / (rate * chip.threads));
}

}  // namespace bitnet

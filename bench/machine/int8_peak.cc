#include "bench/machine/int8_peak.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <vector>

#include "bench/machine/pinned_threads.h"
#include "bench/report/statistics.h"

namespace bitnet {
namespace {

constexpr int kPasses = 7;
constexpr double kPassSeconds = 0.05;

constexpr Int8PeakKernel kKernels[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", "vpdpbusd, 512 bits", 12 * 64, Int8RoundsX86Avx512Vnni},
    {"x86_avx2", "vpmaddubsw + vpmaddwd", 8 * 32, Int8RoundsX86Avx2},
#elif defined(__aarch64__)
    {"arm_i8mm", "smmla", 16 * 32, Int8RoundsArmI8mm},
    {"arm_neondot", "sdot", 16 * 16, Int8RoundsArmNeonDot},
#endif
    {"portable", "a compiled loop", 64, Int8RoundsPortable},
};

// Rounds that take about kPassSeconds.
size_t RoundsOfPass(const Int8PeakKernel& kernel) {
  using Clock = std::chrono::steady_clock;
  for (size_t rounds = 1024;; rounds *= 2) {
    const Clock::time_point begin = Clock::now();
    kernel.run(rounds);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (seconds > kPassSeconds / 8) {
      return static_cast<size_t>(static_cast<double>(rounds) * kPassSeconds / seconds);
    }
  }
}

}  // namespace

std::span<const Int8PeakKernel> Int8PeakKernels() { return kKernels; }

const Int8PeakKernel& FindInt8Peak(std::string_view isa) {
  const auto* found = std::ranges::find(kKernels, isa, &Int8PeakKernel::isa);
  return found == std::end(kKernels) ? *std::prev(found) : *found;
}

double MeasureInt8Peak(const Int8PeakKernel& kernel, int threads) {
  const size_t rounds = RoundsOfPass(kernel);
  const std::vector<double> seconds = TimePasses(
      threads, kPasses, [&](int) { kernel.run(rounds / 8); }, [&](int, int) { kernel.run(rounds); });
  std::vector<double> rates;
  for (const double s : seconds) {
    rates.push_back(static_cast<double>(rounds) * static_cast<double>(kernel.macs_per_round) * threads / s);
  }
  return Median(rates);
}

}  // namespace bitnet

#include "bench/machine/bandwidth.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/machine/pinned_threads.h"
#include "bench/report/statistics.h"
#include "engine/aligned_buffer.h"

namespace bitnet {
namespace {

constexpr int kPasses = 9;

// Two registers of 16 bytes, which every CPU we run on has; 8 of these in flight keep a core's loads busy.
using Vector = uint64_t __attribute__((vector_size(32)));

// Four streams at once, as a core that runs tiles of a matrix on several pages has them: one alone leaves the
// prefetchers of some cores idle at every page's end.
uint64_t Read(const uint8_t* data, size_t bytes) {
  constexpr size_t kStreams = 4;
  constexpr size_t kStep = 2 * sizeof(Vector);
  const size_t part = bytes / kStreams / kStep * kStep;
  Vector sums[2 * kStreams] = {};
  for (size_t at = 0; at < part; at += kStep) {
    for (size_t s = 0; s < kStreams; ++s) {
      const auto* from = reinterpret_cast<const Vector*>(data + s * part + at);
      __builtin_prefetch(data + s * part + at + 1024);
      sums[2 * s] ^= from[0];
      sums[2 * s + 1] ^= from[1];
    }
  }
  uint64_t all = 0;
  for (const Vector& sum : sums) {
    all ^= sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
  }
  return all;
}

}  // namespace

size_t LastLevelCacheBytes(const char* root) {
  size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    std::ifstream file(absl::StrCat(root, "/sys/devices/system/cpu/cpu0/cache/index", index, "/size"));
    size_t size = 0;
    char unit = 0;
    if (!(file >> size)) continue;
    file >> unit;
    largest = std::max(largest, unit == 'K' ? size << 10 : unit == 'M' ? size << 20 : size);
  }
  return largest;
}

size_t BandwidthBufferBytes(const char* root) {
  return std::max<size_t>(8 * LastLevelCacheBytes(root), size_t{256} << 20);
}

double MeasureReadBandwidth(int threads) {
  const size_t part = BandwidthBufferBytes() / threads;
  std::vector<AlignedBuffer<uint8_t>> buffers(threads);
  std::vector<uint64_t> results(threads);
  std::vector<double> seconds = TimePasses(
      threads, 1 + kPasses,
      [&](int thread) {
        // Written where it will be read: its memory is taken near this CPU.
        buffers[thread] = AlignedBuffer<uint8_t>(part);
        std::memset(buffers[thread].data(), thread + 1, part);
      },
      [&](int thread, int) {
        const uint64_t result = Read(buffers[thread].data(), part);
        asm volatile("" : : "r"(result) : "memory");
      });
  std::vector<double> rates;
  for (size_t pass = 1; pass < seconds.size(); ++pass) {
    rates.push_back(static_cast<double>(part) * threads / seconds[pass]);
  }
  return Median(rates);
}

}  // namespace bitnet

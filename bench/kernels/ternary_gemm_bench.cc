#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// BitNet b1.58 2B4T's gate/up, down and output projections. One matrix fits a server's caches, so "streamed"
// is 60 layers of down one after the other: 256 MiB that come from memory, as in a decode step.
constexpr Shape kShapes[] = {
    {"6912x2560", 6912, 2560},
    {"2560x6912", 2560, 6912},
    {"2560x2560", 2560, 2560},
    {"streamed_153600x6912", 60 * 2560, 6912},
};

// Random trits, whatever they are, are packed bytes of four codes 0..2. Made at once, and once per size.
const std::vector<uint8_t>& PackedWeights(size_t bytes) {
  static std::vector<uint8_t> weights;
  if (weights.size() == bytes) return weights;
  weights.resize(bytes);
  uint64_t state = 1;
  for (uint8_t& byte : weights) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto draw = static_cast<unsigned>(state >> 40);
    byte = static_cast<uint8_t>(draw % 3 | draw / 3 % 3 << 2 | draw / 9 % 3 << 4 | draw / 27 % 3 << 6);
  }
  return weights;
}

void Run(benchmark::State& state, const TernaryGemmKernel& kernel, const Shape& shape, size_t batch) {
  const std::vector<uint8_t>& w = PackedWeights(shape.rows * shape.k / 4);
  std::vector<int8_t> x(batch * shape.k);
  std::vector<int32_t> x_sum(batch);
  std::mt19937 rng(1);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<int8_t>(rng() % 255 - 127);
    x_sum[i / shape.k] += x[i];
  }
  const std::vector<float> factor(batch, 0.01f);
  std::vector<float> y(batch * shape.rows), expected(batch * shape.rows);
  TernaryGemmArgs args = {.tiles = shape.rows / kTernaryTileRows,
                          .k = shape.k,
                          .batch = batch,
                          .w = w.data(),
                          .x = x.data(),
                          .x_stride = shape.k,
                          .x_sum = x_sum.data(),
                          .factor = factor.data(),
                          .y = expected.data(),
                          .y_stride = shape.rows};
  // The slow variants would take minutes for all of a streamed matrix: the first tiles are enough.
  const size_t tiles = args.tiles;
  args.tiles = std::min<size_t>(tiles, 64);
  TernaryGemmPortable(args);
  args.y = y.data();
  kernel.run(args);
  if (y != expected) return state.SkipWithError("differs from portable");
  args.tiles = tiles;
  for (auto _ : state) {
    kernel.run(args);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(w.size()));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(shape.rows * shape.k * batch));
}

}  // namespace

void RegisterTernaryGemm() {
  for (const Shape& shape : kShapes) {
    for (size_t batch : {1, 2, 4, 8, 64}) {
      if (shape.rows > 100000 && batch > 2) continue;
      RegisterEach(TernaryGemmKernels(), "TernaryGemm",
                   shape.name + std::string("/batch:") + std::to_string(batch),
                   [=](benchmark::State& state, const TernaryGemmKernel& kernel) {
                     Run(state, kernel, shape, batch);
                   });
    }
  }
}

}  // namespace bitnet

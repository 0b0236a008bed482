#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/base3_gemm/base3_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// As ternary_gemm's, so that the two layouts of the same weights compare by MAC/s.
constexpr Shape kShapes[] = {{"2560x6912", 2560, 6912}, {"streamed_153600x6912", 60 * 2560, 6912}};

// Random bytes of five weights each. Made at once, and once per size.
const std::vector<uint8_t>& PackedWeights(size_t bytes) {
  static std::vector<uint8_t> weights;
  if (weights.size() == bytes) return weights;
  weights.resize(bytes);
  uint64_t state = 1;
  for (uint8_t& byte : weights) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto value = static_cast<int>((state >> 40) % 243);  // The fraction's numerator + 121.
    byte = static_cast<uint8_t>((256 * (value - 121 + 243) + 121) / 243);
  }
  return weights;
}

void Run(benchmark::State& state, const Base3GemmKernel& kernel, const Shape& shape, size_t batch) {
  const size_t tiles = shape.rows / kBase3TileRows;
  const size_t padded_k = Base3PaddedK(shape.k);
  const std::vector<uint8_t>& w = PackedWeights(tiles * Base3TileBytes(shape.k));
  std::vector<int8_t> x(batch * padded_k);
  std::vector<int32_t> x_sum(batch);
  std::mt19937 rng(1);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % padded_k < shape.k) x[i] = static_cast<int8_t>(rng() % 255 - 127);
    x_sum[i / padded_k] += x[i];
  }
  const std::vector<float> factor(batch, 0.01f);
  std::vector<float> y(batch * shape.rows), expected(batch * shape.rows);
  Base3GemmArgs args = {.tiles = std::min<size_t>(tiles, 64),
                        .k = shape.k,
                        .batch = batch,
                        .w = w.data(),
                        .x = x.data(),
                        .x_stride = padded_k,
                        .x_sum = x_sum.data(),
                        .factor = factor.data(),
                        .y = expected.data(),
                        .y_stride = shape.rows};
  // The slow variants would take minutes for all of a streamed matrix: the first tiles are enough.
  Base3GemmPortable(args);
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

void RegisterBase3Gemm() {
  for (const Shape& shape : kShapes) {
    for (size_t batch : {1, 2, 8}) {
      if (shape.rows > 100000 && batch > 2) continue;
      RegisterEach(
          Base3GemmKernels(), "Base3Gemm", shape.name + std::string("/batch:") + std::to_string(batch),
          [=](benchmark::State& state, const Base3GemmKernel& kernel) { Run(state, kernel, shape, batch); });
    }
  }
}

}  // namespace bitnet

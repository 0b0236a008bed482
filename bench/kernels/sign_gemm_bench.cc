#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/sign_gemm/sign_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// As for TernaryGemm, with half the bytes: "streamed" is 120 layers of down, 256 MiB that come from memory.
constexpr Shape kShapes[] = {
    {"6912x2560", 6912, 2560},
    {"2560x6912", 2560, 6912},
    {"streamed_307200x6912", 120 * 2560, 6912},
};

// Any bits are weights. Made at once, and once per size.
const std::vector<uint8_t>& PackedWeights(size_t bytes) {
  static std::vector<uint8_t> weights;
  if (weights.size() == bytes) return weights;
  weights.resize(bytes);
  uint64_t state = 1;
  for (uint8_t& byte : weights) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<uint8_t>(state >> 40);
  }
  return weights;
}

// Compares `run` with `portable` and times it. The slow variants would take minutes for all of a streamed
// matrix: its first tiles are compared.
template <typename Args, typename Run>
void Measure(benchmark::State& state, Args args, Run* portable, Run* run, const Shape& shape) {
  std::vector<float> y(args.batch * shape.rows), expected(args.batch * shape.rows);
  args.tiles = std::min<size_t>(shape.rows / kSignTileRows, 128);
  args.y_stride = shape.rows;
  args.y = expected.data();
  portable(args);
  args.y = y.data();
  run(args);
  if (y != expected) return state.SkipWithError("differs from portable");
  args.tiles = shape.rows / kSignTileRows;
  for (auto _ : state) {
    run(args);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(shape.rows * shape.k / 8));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(shape.rows * shape.k * args.batch));
}

void RunBits(benchmark::State& state, const SignBitsGemmKernel& kernel, SignBinaryGemm* portable,
             const Shape& shape, size_t batch) {
  const std::vector<float> row_scale = RandomFloats(shape.rows), x_scale(batch, 0.5f);
  std::vector<uint64_t> plus(batch * shape.k / 64), minus(plus.size());
  std::vector<int32_t> nonzero(batch);
  std::mt19937_64 rng(1);
  for (size_t i = 0; i < plus.size(); ++i) {
    plus[i] = rng();
    minus[i] = rng() & ~plus[i];
    nonzero[i / (shape.k / 64)] += __builtin_popcountll(plus[i] | minus[i]);
  }
  SignGemmArgs args = {};
  args.k = shape.k;
  args.batch = batch;
  args.w = PackedWeights(shape.rows * shape.k / 8).data();
  args.row_scale = row_scale.data();
  args.plus = plus.data();
  args.minus = minus.data();
  args.x_stride = shape.k / 64;
  args.nonzero = nonzero.data();
  args.x_scale = x_scale.data();
  Measure(state, args, portable, kernel.run, shape);
}

void RunFloat(benchmark::State& state, const SignFloatGemmKernel& kernel, const Shape& shape, size_t batch) {
  const std::vector<float> row_scale = RandomFloats(shape.rows), x = RandomFloats(batch * shape.k);
  SignFloatGemmArgs args = {};
  args.k = shape.k;
  args.batch = batch;
  args.w = PackedWeights(shape.rows * shape.k / 8).data();
  args.row_scale = row_scale.data();
  args.x = x.data();
  args.x_stride = shape.k;
  Measure(state, args, SignFloatGemmPortable, kernel.run, shape);
}

}  // namespace

void RegisterSignGemm() {
  for (const Shape& shape : kShapes) {
    for (size_t batch : {1, 2, 8, 64}) {
      if (shape.rows > 100000 && batch > 2) continue;
      const std::string name = shape.name + std::string("/batch:") + std::to_string(batch);
      RegisterEach(SignBinaryGemmKernels(), "SignBinaryGemm", name,
                   [=](benchmark::State& state, const SignBitsGemmKernel& kernel) {
                     RunBits(state, kernel, SignBinaryGemmPortable, shape, batch);
                   });
      RegisterEach(SignTernaryGemmKernels(), "SignTernaryGemm", name,
                   [=](benchmark::State& state, const SignBitsGemmKernel& kernel) {
                     RunBits(state, kernel, SignTernaryGemmPortable, shape, batch);
                   });
      RegisterEach(SignFloatGemmKernels(), "SignFloatGemm", name,
                   [=](benchmark::State& state, const SignFloatGemmKernel& kernel) {
                     RunFloat(state, kernel, shape, batch);
                   });
    }
  }
}

}  // namespace bitnet

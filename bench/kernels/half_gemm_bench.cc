#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/half_gemm/half_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// A block that stays in the cache, and half of BitNet b1.58 2B4T's output head, which does not.
constexpr Shape kShapes[] = {{"256x640", 256, 640}, {"64128x2560", 64128, 2560}};

void Run(benchmark::State& state, const HalfGemmKernel& kernel, const Shape& shape, size_t batch) {
  // Normal halves of both signs around 1.
  std::vector<uint16_t> w(shape.rows * shape.k);
  std::mt19937 rng(1);
  for (uint16_t& bits : w) bits = static_cast<uint16_t>(0x3800 + rng() % 0x0800 + (rng() & 0x8000));
  const std::vector<float> x = RandomFloats(batch * shape.k);
  std::vector<float> y(batch * shape.rows), expected(batch * shape.rows);
  HalfGemmArgs args = {.rows = std::min<size_t>(shape.rows, 256),
                       .k = shape.k,
                       .batch = batch,
                       .w = w.data(),
                       .x = x.data(),
                       .x_stride = shape.k,
                       .y = expected.data(),
                       .y_stride = shape.rows};
  HalfGemmPortable(args);
  args.y = y.data();
  kernel.run(args);
  if (y != expected) return state.SkipWithError("differs from portable");
  args.rows = shape.rows;
  for (auto _ : state) {
    kernel.run(args);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(w.size() * sizeof(w[0])));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(shape.rows * shape.k * batch));
}

}  // namespace

void RegisterHalfGemm() {
  for (const Shape& shape : kShapes) {
    for (size_t batch : {1, 2, 8}) {
      RegisterEach(
          HalfGemmKernels(), "HalfGemm", shape.name + std::string("/batch:") + std::to_string(batch),
          [=](benchmark::State& state, const HalfGemmKernel& kernel) { Run(state, kernel, shape, batch); });
    }
  }
}

}  // namespace bitnet

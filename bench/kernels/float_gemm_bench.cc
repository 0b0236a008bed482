#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/float_gemm/float_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// A block that stays in the cache, and half of BitNet b1.58 2B4T's output head, which does not.
constexpr Shape kShapes[] = {{"256x640", 256, 640}, {"64128x2560", 64128, 2560}};

void Run(benchmark::State& state, const FloatGemmKernel& kernel, FloatType type, const Shape& shape,
         size_t batch) {
  // Numbers of every type that are no NaN and far from infinity.
  std::vector<uint8_t> w(shape.rows * shape.k * FloatTypeBytes(type));
  std::mt19937 rng(1);
  for (uint8_t& byte : w) byte = static_cast<uint8_t>(rng() & 0xbf);
  const std::vector<float> x = RandomFloats(batch * shape.k);
  std::vector<float> y(batch * shape.rows), expected(batch * shape.rows);
  FloatGemmArgs args = {.rows = std::min<size_t>(shape.rows, 256),
                        .k = shape.k,
                        .batch = batch,
                        .w = w.data(),
                        .x = x.data(),
                        .x_stride = shape.k,
                        .y = expected.data(),
                        .y_stride = shape.rows,
                        .type = type};
  FloatGemmPortable(args);
  args.y = y.data();
  kernel.run(args);
  if (y != expected) return state.SkipWithError("differs from portable");
  args.rows = shape.rows;
  for (auto _ : state) {
    kernel.run(args);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(w.size()));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(shape.rows * shape.k * batch));
}

}  // namespace

void RegisterFloatGemm() {
  constexpr FloatType kTypes[] = {FloatType::kF16, FloatType::kBf16, FloatType::kF32};
  constexpr const char* kNames[] = {"f16", "bf16", "f32"};
  for (FloatType type : kTypes) {
    for (const Shape& shape : kShapes) {
      for (size_t batch : {1, 2, 8}) {
        RegisterEach(FloatGemmKernels(), "FloatGemm",
                     kNames[static_cast<size_t>(type)] + std::string("/") + shape.name +
                         "/batch:" + std::to_string(batch),
                     [=](benchmark::State& state, const FloatGemmKernel& kernel) {
                       Run(state, kernel, type, shape, batch);
                     });
      }
    }
  }
}

}  // namespace bitnet

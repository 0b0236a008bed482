// What happens to one row of activations between two matrices.
#include "bench/kernels/register.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/quantize/quantize.h"
#include "kernels/rms_norm/rms_norm.h"

namespace bitnet {
namespace {

void RunQuantize(benchmark::State& state, const QuantizeInt8Kernel& kernel, size_t n) {
  const std::vector<float> x = RandomFloats(n);
  std::vector<int8_t> q(n), expected(n);
  QuantizeInt8Portable(n, x.data(), expected.data());
  kernel.run(n, x.data(), q.data());
  if (q != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel.run(n, x.data(), q.data()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(n * sizeof(float)));
}

void RunRmsNorm(benchmark::State& state, const RmsNormKernel& kernel, size_t n) {
  const std::vector<float> x = RandomFloats(n), weight = RandomFloats(n);
  std::vector<float> y(n), expected(n);
  RmsNormPortable(n, x.data(), weight.data(), 1e-5f, expected.data());
  kernel.run(n, x.data(), weight.data(), 1e-5f, y.data());
  if (y != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    kernel.run(n, x.data(), weight.data(), 1e-5f, y.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(n * sizeof(float)));
}

void RunSquaredReluGate(benchmark::State& state) {
  const size_t n = 6912;
  const std::vector<float> gate = RandomFloats(n), up = RandomFloats(n + 1);
  std::vector<float> h(n);
  SquaredReluGate(n, gate.data(), up.data(), h.data());
  for (size_t i = 0; i < n; ++i) {
    const float r = gate[i] > 0 ? gate[i] : 0;
    if (h[i] != (r * r) * up[i]) return state.SkipWithError("wrong");
  }
  for (auto _ : state) {
    SquaredReluGate(n, gate.data(), up.data(), h.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(2 * n * sizeof(float)));
}

}  // namespace

void RegisterRowOps() {
  for (size_t n : {2560, 6912}) {
    RegisterEach(
        QuantizeInt8Kernels(), "QuantizeInt8", std::to_string(n),
        [=](benchmark::State& state, const QuantizeInt8Kernel& kernel) { RunQuantize(state, kernel, n); });
    RegisterEach(RmsNormKernels(), "RmsNorm", std::to_string(n),
                 [=](benchmark::State& state, const RmsNormKernel& kernel) { RunRmsNorm(state, kernel, n); });
  }
  benchmark::RegisterBenchmark("SquaredReluGate/6912", RunSquaredReluGate);
}

}  // namespace bitnet

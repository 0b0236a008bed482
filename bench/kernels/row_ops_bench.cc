// What happens to one row of activations between two matrices.
#include "bench/kernels/register.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/hadamard/hadamard.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize_sign/quantize_sign.h"
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

void RunQuantizeTernary(benchmark::State& state, const QuantizeTernaryKernel& kernel, size_t n) {
  const std::vector<float> x = RandomFloats(n);
  std::vector<uint64_t> planes(n / 32), expected(n / 32);
  QuantizeTernaryPortable(n, x.data(), expected.data(), expected.data() + n / 64);
  kernel.run(n, x.data(), planes.data(), planes.data() + n / 64);
  if (planes != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel.run(n, x.data(), planes.data(), planes.data() + n / 64));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(n * sizeof(float)));
}

void RunQuantizeBinary(benchmark::State& state, const QuantizeBinaryKernel& kernel, size_t n) {
  const std::vector<float> x = RandomFloats(n);
  std::vector<uint64_t> plane(n / 64), expected(n / 64);
  QuantizeBinaryPortable(n, x.data(), expected.data());
  kernel.run(n, x.data(), plane.data());
  if (plane != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel.run(n, x.data(), plane.data()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(n * sizeof(float)));
}

void RunRoundToBf16(benchmark::State& state, const RoundToBf16Kernel& kernel, size_t n) {
  const std::vector<float> x = RandomFloats(n);
  std::vector<float> y(n), expected(n);
  RoundToBf16Portable(n, x.data(), expected.data());
  kernel.run(n, x.data(), y.data());
  if (y != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    kernel.run(n, x.data(), y.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(n * sizeof(float)));
}

void RunQuantizeGroups(benchmark::State& state, const QuantizeInt8GroupsKernel& kernel, size_t n,
                       size_t group) {
  const std::vector<float> x = RandomFloats(n);
  std::vector<int8_t> q(n), expected(n);
  std::vector<float> x_inv(n / group);
  std::vector<int32_t> x_sum(n / group);
  QuantizeInt8GroupsPortable(n, group, x.data(), expected.data(), x_inv.data(), x_sum.data());
  kernel.run(n, group, x.data(), q.data(), x_inv.data(), x_sum.data());
  if (q != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    kernel.run(n, group, x.data(), q.data(), x_inv.data(), x_sum.data());
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

void RunSiluGate(benchmark::State& state) {
  const size_t n = 6912;
  const std::vector<float> gate = RandomFloats(n), up = RandomFloats(n + 1);
  std::vector<float> h(n);
  for (auto _ : state) {
    SiluGate(n, gate.data(), up.data(), h.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(2 * n * sizeof(float)));
}

void RunHadamard(benchmark::State& state, size_t block) {
  std::vector<float> x = RandomFloats(6144);
  for (auto _ : state) {
    Hadamard(x.size(), block, nullptr, x.data());  // Its own inverse, so x stays as large as it is.
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(x.size() * sizeof(float)));
}

}  // namespace

void RegisterRowOps() {
  for (size_t n : {2560, 6912}) {
    RegisterEach(
        QuantizeInt8Kernels(), "QuantizeInt8", std::to_string(n),
        [=](benchmark::State& state, const QuantizeInt8Kernel& kernel) { RunQuantize(state, kernel, n); });
    RegisterEach(QuantizeBinaryKernels(), "QuantizeBinary", std::to_string(n),
                 [=](benchmark::State& state, const QuantizeBinaryKernel& kernel) {
                   RunQuantizeBinary(state, kernel, n);
                 });
    RegisterEach(QuantizeTernaryKernels(), "QuantizeTernary", std::to_string(n),
                 [=](benchmark::State& state, const QuantizeTernaryKernel& kernel) {
                   RunQuantizeTernary(state, kernel, n);
                 });
    RegisterEach(
        RoundToBf16Kernels(), "RoundToBf16", std::to_string(n),
        [=](benchmark::State& state, const RoundToBf16Kernel& kernel) { RunRoundToBf16(state, kernel, n); });
    RegisterEach(RmsNormKernels(), "RmsNorm", std::to_string(n),
                 [=](benchmark::State& state, const RmsNormKernel& kernel) { RunRmsNorm(state, kernel, n); });
  }
  for (size_t group : {32, 128}) {
    RegisterEach(QuantizeInt8GroupsKernels(), "QuantizeInt8Groups", "2560/group:" + std::to_string(group),
                 [=](benchmark::State& state, const QuantizeInt8GroupsKernel& kernel) {
                   RunQuantizeGroups(state, kernel, 2560, group);
                 });
  }
  benchmark::RegisterBenchmark("SquaredReluGate/6912", RunSquaredReluGate);
  benchmark::RegisterBenchmark("SiluGate/6912", RunSiluGate);
  for (size_t block : {128, 2048}) {
    const std::string name = "Hadamard/6144/block:" + std::to_string(block);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { RunHadamard(state, block); });
  }
}

}  // namespace bitnet

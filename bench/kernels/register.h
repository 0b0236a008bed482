// What the benchmarks of each operation share. Names are Operation/variant/shape, as the tests have them.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu_features.h"

namespace bitnet {

// One per file; main() calls them all.
void RegisterTernaryGemm();
void RegisterBase3Gemm();
void RegisterGroupedGemm();
void RegisterFloatGemm();
void RegisterAttention();
void RegisterRowOps();
void RegisterSignGemm();
void RegisterSparseGemv();

inline std::vector<float> RandomFloats(size_t n) {
  std::mt19937 rng(n);
  std::normal_distribution<float> real;
  std::vector<float> values(n);
  for (float& v : values) v = real(rng);
  return values;
}

// Registers `run(state, kernel)` as "operation/variant/shape" for every variant this CPU can run.
template <typename Kernels, typename Run>
void RegisterEach(const Kernels& kernels, const std::string& operation, const std::string& shape, Run run) {
  for (const auto& kernel : kernels) {
    if (!Covers(DetectCpuFeatures(), kernel.needs)) continue;
    const std::string name = operation + "/" + kernel.name + "/" + shape;
    benchmark::RegisterBenchmark(name.c_str(),
                                 [run, kernel](benchmark::State& state) { run(state, kernel); });
  }
}

inline benchmark::Counter PerSecond(double amount_per_iteration) {
  return {amount_per_iteration, benchmark::Counter::kIsIterationInvariantRate};
}

}  // namespace bitnet

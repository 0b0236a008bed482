#include <benchmark/benchmark.h>

#include "bench/kernels/register.h"

int main(int argc, char** argv) {
  bitnet::RegisterTernaryGemm();
  bitnet::RegisterBase3Gemm();
  bitnet::RegisterGroupedGemm();
  bitnet::RegisterFloatGemm();
  bitnet::RegisterAttention();
  bitnet::RegisterRowOps();
  bitnet::RegisterSignGemm();
  bitnet::RegisterSparseGemv();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

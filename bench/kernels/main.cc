#include <benchmark/benchmark.h>

#include "bench/kernels/register.h"

int main(int argc, char** argv) {
  bitnet::RegisterTernaryGemm();
  bitnet::RegisterHalfGemm();
  bitnet::RegisterAttention();
  bitnet::RegisterRowOps();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

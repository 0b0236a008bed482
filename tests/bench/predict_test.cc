#include <gtest/gtest.h>

#include <algorithm>

#include "bench/predict/decode_cost.h"
#include "bench/predict/predict_command.h"
#include "bench/predict/published.h"

namespace bitnet {
namespace {

std::vector<DispatchCost> Step(const char* shape, size_t batch = 1, size_t context = 0) {
  const ModelShape found = *FindShape(shape);
  return *GpuStep(found, *FindWeightType(found.type), *FindWeightType(found.head), batch, context);
}

TEST(GpuStepTest, CountsWhatEngineMetalDispatches) {
  // 11 a layer and 2 for the head: GpuTransformerTest counts them as they come.
  EXPECT_EQ(Step("2b-4t").size(), 30 * 11 + 2u);
  EXPECT_EQ(Step("2b-4t", 8).size(), 30 * 12 + 2u);
}

TEST(GpuStepTest, CountsTheBytesOfWeightsAndPositions) {
  // 2.08 G weights of 2 bits, footers of 64 bytes, and 128256 x 2560 halves.
  const uint64_t layers = FindShape("2b-4t")->num_layer_weights() / 4;
  const uint64_t head = uint64_t{128256} * 2560 * 2;
  const uint64_t footers = 30 * 7 * 64;
  EXPECT_EQ(TotalBytes(Step("2b-4t")), layers + head + footers);
  // A position: keys and values of 20 heads of 128 halves in 30 layers, read for each query head.
  EXPECT_EQ(TotalBytes(Step("2b-4t", 1, 100)) - TotalBytes(Step("2b-4t")), 100u * 30 * 2 * 20 * 128 * 2);
  // On a CPU of 5 heads, and weights once for all sequences.
  const ModelShape shape = *FindShape("2b-4t");
  const WeightType type = *FindWeightType(shape.type), f16 = *FindWeightType(shape.head);
  EXPECT_EQ(*CpuStepBytes(shape, type, f16, 3, 100),
            layers + head + footers + 3 * 100u * 30 * 2 * 5 * 128 * 2);
  // A GEMV reads weights for each sequence, a GEMM for each 32.
  EXPECT_EQ(TotalBytes(Step("2b-4t", 3)), 3 * TotalBytes(Step("2b-4t")));
  EXPECT_EQ(TotalBytes(Step("2b-4t", 32)) - 32 * head, layers + footers);
}

TEST(GpuStepTest, CountsSimdgroups) {
  // Queries, keys and values: 160 + 40 + 40 tiles, two for each four SIMD groups.
  EXPECT_EQ(Step("2b-4t")[1].simdgroups, 480u);
  EXPECT_EQ(Step("2b-4t")[1].bytes, 3840u * 2560 / 4 + 3 * 64);
}

TEST(PredictionTest, AddsUpTheDispatches) {
  const MacChip chip = {
      .name = "", .performance_cores = 2, .gpu_cores = 10, .bandwidth = 1e9, .cpu_bandwidth = 1e8};
  // One that fills the cores, and one with a quarter of the SIMD groups that it would take.
  const std::vector<DispatchCost> step = {{.bytes = 730'000, .simdgroups = 80},
                                          {.bytes = 730'000, .simdgroups = 20}};
  const Prediction gpu = PredictGpu(chip, step, 2);
  EXPECT_DOUBLE_EQ(gpu.tokens_per_second, 2 / (2 * kDispatchSeconds + 0.001 + 0.004));
  EXPECT_DOUBLE_EQ(gpu.joules_per_token, 10 * kGpuCoreWatts / gpu.tokens_per_second);
  const Prediction cpu = PredictCpu(chip, 1'000'000, 4);
  EXPECT_DOUBLE_EQ(cpu.tokens_per_second, 4 * 100.0);
  EXPECT_DOUBLE_EQ(cpu.joules_per_token, 2 * kCpuCoreWatts / cpu.tokens_per_second);
}

TEST(PredictionTest, LimitsTheCpuByItsCoresToo) {
  const MacChip chip = {
      .name = "", .performance_cores = 1, .gpu_cores = 1, .bandwidth = 1e12, .cpu_bandwidth = 1e12};
  EXPECT_DOUBLE_EQ(PredictCpu(chip, 27'000'000, 1).tokens_per_second, 1000.0);
}

// The constants are fitted to these, with llama.cpp's 17 operations a layer: within 5 %.
TEST(PredictionTest, FitsThePublishedFiguresItIsMadeOf) {
  const MacChip chip = *FindChip("M4 Pro");
  const struct {
    const char* model;
    double bytes;
    size_t layers;
  } bonsais[] = {{"bonsai-1.7b", 242.2e6, 28}, {"bonsai-4b", 566.2e6, 36}, {"bonsai-8b", 1148.9e6, 36}};
  for (const auto& bonsai : bonsais) {
    std::vector<DispatchCost> step(bonsai.layers * 17);
    for (DispatchCost& dispatch : step) {
      dispatch = {.bytes = static_cast<uint64_t>(bonsai.bytes / static_cast<double>(step.size())),
                  .simdgroups = 256};
    }
    const auto published = std::ranges::find_if(PublishedFigures(), [&](const PublishedFigure& figure) {
      return figure.model == std::string(bonsai.model) && figure.chip == std::string("M4 Pro");
    });
    EXPECT_NEAR(PredictGpu(chip, step, 1).tokens_per_second / published->tokens_per_second, 1, 0.05)
        << bonsai.model;
  }
}

TEST(PredictCommandTest, PrintsPredictionsBesideWhatOthersReport) {
  BenchOptions options;
  options.chip = "M4 Pro";
  options.shape = "2b-4t";
  options.batch = {1, 8};
  const auto records = RunPredictCommand(options);
  ASSERT_TRUE(records.ok()) << records.status();
  // The GPU and the CPU, for two batches, and four figures of others.
  ASSERT_EQ(records->size(), 2 * 2 + 4u);
  EXPECT_EQ((*records)[0]["runs_on"], "gpu");
  EXPECT_EQ((*records)[0]["dispatches"], 332);
  EXPECT_EQ((*records)[1]["runs_on"], "cpu");
  EXPECT_EQ((*records)[4]["benchmark"], "published");
  options.chip = "M2";  // Of which nobody has reported anything: all are shown.
  EXPECT_EQ(RunPredictCommand(options)->size(), 4 + PublishedFigures().size());
}

TEST(PredictCommandTest, NamesTheChipsThereAre) {
  BenchOptions options;
  options.chip = "M9";
  options.shape = "2b-4t";
  const absl::Status status = RunPredictCommand(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("M4 Pro"), std::string::npos);
}

}  // namespace
}  // namespace bitnet

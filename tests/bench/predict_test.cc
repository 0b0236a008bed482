#include <gtest/gtest.h>

#include <algorithm>

#include "bench/predict/predict_command.h"
#include "bench/predict/prediction.h"
#include "bench/predict/published.h"

namespace bitnet {
namespace {

PredictedModel Model(const char* shape, HeadFormat head_format = HeadFormat::kAuto) {
  const ModelShape found = *FindShape(shape);
  return {.shape = found,
          .type = *FindWeightType(found.type),
          .head = *FindWeightType(found.head),
          .head_format = head_format};
}

// With a head of halves, where the shape has one.
std::vector<DispatchCost> Step(const char* shape, const StepTokens& tokens = {.tokens = 1}) {
  return *GpuStep(Model(shape, HeadFormat::kAsFile), tokens);
}

uint64_t TotalMacs(const std::vector<DispatchCost>& step, GpuUnit unit) {
  uint64_t macs = 0;
  for (const DispatchCost& dispatch : step) macs += dispatch.unit == unit ? dispatch.macs : 0;
  return macs;
}

TEST(GpuStepTest, CountsWhatEngineMetalDispatches) {
  // GpuTransformerTest and GpuModelsTest count them as they come. 11 a layer and 2 for the head; gates of
  // their own from 8 on.
  EXPECT_EQ(Step("2b-4t").size(), 30 * 11 + 2u);
  EXPECT_EQ(Step("2b-4t", {.tokens = 8}).size(), 30 * 12 + 2u);
  // Bonsai's activations are rounded apart from the norm, heads are normed, and gates always stand alone.
  EXPECT_EQ(Step("bonsai-1.7b").size(), 28 * 15 + 3u);
  // One-bit matrices have a dispatch each.
  EXPECT_EQ(Step("1.3b").size(), 24 * 17 + 3u);
}

TEST(GpuStepTest, CountsTheBytesOfWeightsAndPositions) {
  // 2.08 G weights of 2 bits, footers of 64 bytes, and 128256 x 2560 halves.
  const uint64_t layers = FindShape("2b-4t")->num_layer_weights() / 4;
  const uint64_t head = uint64_t{128256} * 2560 * 2;
  const uint64_t footers = 30 * 7 * 64;
  EXPECT_EQ(TotalBytes(Step("2b-4t")), layers + head + footers);
  // A position: keys and values of 20 heads of 128 halves in 30 layers, read for each query head.
  EXPECT_EQ(TotalBytes(Step("2b-4t", {.tokens = 1, .context = 100})) - TotalBytes(Step("2b-4t")),
            100u * 30 * 2 * 20 * 128 * 2);
  // On a CPU of 5 heads, and weights once for all sequences.
  EXPECT_EQ(CpuStep(Model("2b-4t", HeadFormat::kAsFile), {.tokens = 3, .context = 100}).bytes,
            layers + head + footers + 3 * 100u * 30 * 2 * 5 * 128 * 2);
  // A GEMV reads weights for each sequence, a GEMM for each 32.
  EXPECT_EQ(TotalBytes(Step("2b-4t", {.tokens = 3})), 3 * TotalBytes(Step("2b-4t")));
  EXPECT_EQ(TotalBytes(Step("2b-4t", {.tokens = 32})) - 32 * head, layers + footers);
}

TEST(GpuStepTest, ReadsHeadsInSixBitsAsTheProgramsDo) {
  // 6.5 bits a weight, and a float and a footer for rows and tensor; 16 million weights or more, of floats.
  const uint64_t int6 = uint64_t{128256} * 2560 * 13 / 16 + 128256 * 4 + 64;
  EXPECT_EQ(Model("2b-4t").head_bytes(), int6);
  EXPECT_EQ(GpuStep(Model("2b-4t"), {.tokens = 1})->back().bytes, int6);
  EXPECT_FALSE(Model("tiny").has_int6_head());
  EXPECT_TRUE(Model("tiny", HeadFormat::kInt6).has_int6_head());
  EXPECT_FALSE(Model("bonsai-1.7b").has_int6_head());
}

TEST(GpuStepTest, CountsTheMultiplicationsOfPrompts) {
  const ModelShape shape = *FindShape("2b-4t");
  const std::vector<DispatchCost> step = Step("2b-4t", {.tokens = 70, .context = 10, .prompt = true});
  // Tiles of 32 columns are multiplied whole.
  EXPECT_EQ(TotalMacs(step, GpuUnit::kMatrix), 96 * shape.num_layer_weights());
  // Token t of the 70 attends to the 10 before, those before it and itself.
  EXPECT_EQ(TotalMacs(step, GpuUnit::kLanes), (70u * 10 + 70 * 71 / 2) * 30 * 2 * 20 * 128);
  // The last token alone has logits, and the keys are read once.
  EXPECT_EQ(step.back().bytes, uint64_t{128256} * 2560 * 2);
  const CpuStepCost cpu = CpuStep(Model("2b-4t"), {.tokens = 70, .context = 10, .prompt = true});
  EXPECT_EQ(cpu.int8_macs, 70 * shape.num_layer_weights() + uint64_t{128256} * 2560);
  EXPECT_EQ(cpu.float_macs, TotalMacs(step, GpuUnit::kLanes));
}

TEST(GpuStepTest, NamesWhatItCannotRun) {
  PredictedModel model = Model("tiny");
  model.type = *FindWeightType("f16");
  EXPECT_EQ(GpuStep(model, {.tokens = 1}).status().code(), absl::StatusCode::kUnimplemented);
  model.type = *FindWeightType("1bit-grouped");
  model.shape.hidden_dim = 200;
  EXPECT_EQ(GpuStep(model, {.tokens = 1}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GpuStepTest, CountsSimdgroups) {
  // Queries, keys and values: 160 + 40 + 40 tiles, two for each four SIMD groups.
  EXPECT_EQ(Step("2b-4t")[1].simdgroups, 480u);
  EXPECT_EQ(Step("2b-4t")[1].bytes, 3840u * 2560 / 4 + 3 * 64);
}

constexpr MacChip kChip = {.name = "",
                           .performance_cores = 2,
                           .gpu_cores = 10,
                           .bandwidth = 1e9,
                           .cpu_bandwidth = 1e8,
                           .gpu_hertz = 1e6,
                           .cpu_core_int8_macs = 1e9};

TEST(PredictionTest, AddsUpTheDispatches) {
  // One that fills the cores, and one with a quarter of the SIMD groups that it would take.
  const std::vector<DispatchCost> step = {{.bytes = 730'000, .simdgroups = 80},
                                          {.bytes = 730'000, .simdgroups = 20}};
  const double seconds = GpuSeconds(kChip, step);
  EXPECT_DOUBLE_EQ(seconds, 2 * kDispatchSeconds + 0.001 + 0.004);
  EXPECT_DOUBLE_EQ(CpuDecodeSeconds(kChip, {.bytes = 1'000'000, .int8_macs = 1, .float_macs = 1}), 0.01);
  const Prediction prediction = DecodingFor(0.5, 4, 12);
  EXPECT_DOUBLE_EQ(prediction.tokens_per_second, 8);
  EXPECT_DOUBLE_EQ(prediction.joules_per_token, 1.5);
}

TEST(PredictionTest, IsLimitedByReadingOrByMultiplying) {
  // 10 cores of 128 multiply-adds a cycle, a million times a second.
  const uint64_t second = static_cast<uint64_t>(1.28e9 * kGpuMatrixShare);
  const auto seconds = [](uint64_t bytes, GpuUnit unit, uint64_t macs) {
    return GpuSeconds(kChip, {{.bytes = bytes, .simdgroups = 80, .unit = unit, .macs = macs}}) -
           kDispatchSeconds;
  };
  EXPECT_NEAR(seconds(365'000'000, GpuUnit::kMatrix, second), 1, 1e-6);
  EXPECT_NEAR(seconds(1'460'000'000, GpuUnit::kMatrix, second), 2, 1e-6);
  EXPECT_NEAR(seconds(0, GpuUnit::kLanes, second), kGpuMatrixShare / kGpuLanesShare, 1e-6);
  // Two cores of 10^9 int8, or a quarter of floats, at half the peak.
  EXPECT_DOUBLE_EQ(
      CpuPromptSeconds(kChip, {.bytes = 0, .int8_macs = 1'000'000'000, .float_macs = 250'000'000}), 2);
  EXPECT_DOUBLE_EQ(CpuPromptSeconds(kChip, {.bytes = 300'000'000, .int8_macs = 1, .float_macs = 1}), 3);
}

TEST(PredictionTest, LimitsTheCpuByItsCoresToo) {
  MacChip chip = kChip;
  chip.performance_cores = 1;
  chip.cpu_bandwidth = 1e12;
  EXPECT_DOUBLE_EQ(CpuDecodeSeconds(chip, {.bytes = 27'000'000, .int8_macs = 0, .float_macs = 0}), 0.001);
}

TEST(PredictionTest, CutsPromptsIntoChunks) {
  const std::vector<StepTokens> steps = PromptSteps(600, 256);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].tokens, 256u);
  EXPECT_EQ(steps[2].tokens, 88u);
  EXPECT_EQ(steps[2].context, 512u);
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
      return figure.model == std::string(bonsai.model) && figure.chip == std::string("M4 Pro") &&
             figure.runs_on == std::string("gpu");
    });
    EXPECT_NEAR(1 / GpuSeconds(chip, step) / published->tokens_per_second, 1, 0.05) << bonsai.model;
  }
}

TEST(PredictCommandTest, PrintsPredictionsBesideWhatOthersReport) {
  BenchOptions options;
  options.chip = "M4 Pro";
  options.shape = "2b-4t";
  options.batch = {1, 8};
  const auto records = RunPredictCommand(options);
  ASSERT_TRUE(records.ok()) << records.status();
  // The GPU and the CPU, for two batches and a prompt, and five figures of others.
  ASSERT_EQ(records->size(), 2 * 3 + 5u);
  EXPECT_EQ((*records)[0]["runs_on"], "gpu");
  EXPECT_EQ((*records)[0]["dispatches"], 332);
  EXPECT_EQ((*records)[0]["head"], "int6");
  EXPECT_EQ((*records)[1]["runs_on"], "cpu");
  EXPECT_EQ((*records)[4]["prompt_tokens"], 128);
  EXPECT_FALSE((*records)[4].contains("joules_per_token"));
  EXPECT_EQ((*records)[6]["benchmark"], "published");
  options.chip = "M2";  // Of which nobody has reported anything: all are shown.
  EXPECT_EQ(RunPredictCommand(options)->size(), 6 + PublishedFigures().size());
}

TEST(PredictCommandTest, PredictsForAllChips) {
  BenchOptions options;
  options.chip = "all";
  options.shape = "bonsai-1.7b";
  const auto records = RunPredictCommand(options);
  ASSERT_TRUE(records.ok()) << records.status();
  // A figure of a chip that is not in the table is left out.
  EXPECT_EQ(records->size(), KnownMacChips().size() * 4 + PublishedFigures().size() - 1);
}

// What a prompt's share is fitted to, with llama.cpp's half a byte a weight.
TEST(PredictionTest, FitsThePublishedPromptItIsMadeOf) {
  const double macs = 512.0 * static_cast<double>(FindShape("llama3-8b")->num_layer_weights());
  const std::vector<DispatchCost> step = {
      {.bytes = 0, .simdgroups = 1024, .unit = GpuUnit::kMatrix, .macs = static_cast<uint64_t>(macs)}};
  EXPECT_NEAR(512 / GpuSeconds(*FindChip("M1 Max"), step) / 499.6, 1, 0.01);
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

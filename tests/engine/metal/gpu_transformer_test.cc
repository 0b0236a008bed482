// Whole steps of the model that comes along, on an emulated GPU, compared with the CPU's logits by bits.
#include "engine/metal/gpu_transformer.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/metal/both_ways.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

std::unique_ptr<ModelFile> Lighthouse() {
  auto file = ModelFile::Open(BITNET_LIGHTHOUSE_MODEL, FileAccess::kMap);
  EXPECT_TRUE(file.ok()) << file.status();
  return *std::move(file);
}

TEST(GpuTransformerTest, DecodesTheModelThatComesAlongAsTheCpuDoes) {
  BothWays model(Lighthouse());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  for (size_t position = 0; position < 4; ++position) model.ExpectEqual(model.Tokens(0, position, 1));
  std::printf("             %zu of %zu logits have the CPU's bits\n", model.equal(),
              4 * model.config().vocab_size);
}

TEST(GpuTransformerTest, ReadsAPromptAsTheCpuDoes) {
  BothWays model(Lighthouse());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.ExpectEqual(model.Tokens(0, 0, 12, false));
  model.ExpectEqual(model.Tokens(0, 12, 5, false));
  // A step without logits.
  std::vector<BatchToken> batch = model.Tokens(0, 17, 2);
  for (BatchToken& token : batch) token.wants_logits = false;
  model.ExpectEqual(batch);
  model.ExpectEqual(model.Tokens(0, 19, 1));
}

TEST(GpuTransformerTest, MixesPromptsAndAnswersInAStep) {
  BothWays model(Lighthouse());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.ExpectEqual(model.Tokens(0, 0, 3));
  std::vector<BatchToken> batch = model.Tokens(0, 3, 1);
  for (size_t i = 1; i < 4; ++i) {
    const std::vector<BatchToken> more = model.Tokens(i, 0, 2 * i, i != 2);
    batch.insert(batch.end(), more.begin(), more.end());
  }
  model.ExpectEqual(batch);
}

TEST(GpuTransformerTest, TakesTurnsWithTheCpu) {
  BothWays model(Lighthouse());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  // Keys and values that one has written serve the other.
  model.OnGpu(model.Tokens(0, 0, 3));
  model.OnCpu(model.Tokens(0, 3, 3));
  const std::vector<float> mixed = model.OnGpu(model.Tokens(0, 6, 1));
  BothWays other(Lighthouse());
  other.OnCpu(other.Tokens(0, 0, 6));
  EXPECT_EQ(mixed, other.OnCpu(other.Tokens(0, 6, 1)));
}

TEST(GpuTransformerTest, TakesOneCommandBufferAStepAndFewDispatchesALayer) {
  BothWays model(Lighthouse());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.OnGpu(model.Tokens(0, 0, 1));
  EXPECT_EQ(model.device().num_runs(), 1);
  const auto layers = static_cast<int>(model.config().num_layers);
  const std::map<std::string, int> expected = {{"attend_chunk", layers},
                                               {"float_gemv", 1},
                                               {"join_chunks", layers},
                                               {"norm_quantize", 4 * layers},
                                               {"norm_row", 1},
                                               {"rotate_store", layers},
                                               {"ternary_gated_gemv", layers},
                                               {"ternary_gemv", 3 * layers}};
  EXPECT_EQ(model.device().num_dispatches(), expected);
}

TEST(GpuTransformerTest, SaysWhenABufferIsTooLarge) {
  BothWays model(Lighthouse());
  model.device().set_max_buffer_bytes(1 << 20);
  EXPECT_TRUE(
      IsError(model.CreateGpu(), absl::StatusCode::kResourceExhausted, "a buffer has at most 1048576"));
}

}  // namespace
}  // namespace bitnet

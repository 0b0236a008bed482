// Which steps the engine gives to a GPU, and what it does where one fails.
#include "engine/metal/gpu_steps.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "tests/engine/metal/emulated_device.h"
#include "tests/engine/random_model.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// A device that outlives the engine, and says what happened.
class Borrowed : public GpuDevice {
 public:
  explicit Borrowed(EmulatedDevice* device) : device_(*device) {}
  std::string name() const override { return device_.name(); }
  size_t page_bytes() const override { return device_.page_bytes(); }
  size_t max_buffer_bytes() const override { return device_.max_buffer_bytes(); }
  absl::StatusOr<uint32_t> Share(std::span<std::byte> memory) override { return device_.Share(memory); }
  absl::Status Run(std::span<const GpuDispatch> dispatches) override { return device_.Run(dispatches); }

 private:
  EmulatedDevice& device_;
};

// What a step did is told when the next one begins: an answer's last step may not have been told when it
// ends.
constexpr size_t kTokens = 4;
constexpr size_t kToldSteps = kTokens - 1;

class GpuStepsTest : public testing::Test {
 protected:
  absl::Status Create(UseMetal use) {
    EngineOptions options;
    options.num_threads = 1;
    options.use_metal = use;
    options.open_gpu = [this]() -> absl::StatusOr<std::unique_ptr<GpuDevice>> {
      return std::make_unique<Borrowed>(&device_);
    };
    return Create(options);
  }
  absl::Status Create(const EngineOptions& options) {
    auto file = ModelFile::Parse(model_, "random");
    EXPECT_TRUE(file.ok()) << file.status();
    auto engine = Engine::Create(*std::move(file), options);
    if (engine.ok()) engine_ = *std::move(engine);
    return engine.status();
  }

  // The answer to a prompt of so many tokens.
  std::vector<int32_t> Answer(size_t prompt_tokens) {
    RecordingSink sink;
    GenerationRequest request;
    request.prompt = RandomTokens(prompt_tokens, shape_.vocab_size, 5);
    request.max_tokens = kTokens;
    request.ignore_eos = true;
    EXPECT_TRUE(engine_->Submit(std::move(request), &sink).ok());
    sink.Wait();
    return sink.ids();
  }
  GpuReport report() const { return engine_->stats().gpu; }

  const RandomModelShape shape_ = {.hidden_dim = 128,
                                   .ffn_dim = 128,
                                   .num_layers = 2,
                                   .num_heads = 4,
                                   .num_kv_heads = 2,
                                   .head_dim = 32,
                                   .vocab_size = 300,
                                   .max_seq_len = 64};
  const std::vector<uint8_t> model_ = RandomModel(shape_);
  EmulatedDevice device_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(GpuStepsTest, RunsAllStepsOrThoseOfPromptsWithTheSameAnswer) {
  ASSERT_EQ(Create(UseMetal::kOff), absl::OkStatus());
  const std::vector<int32_t> expected = Answer(11);
  EXPECT_EQ(report().device, "");

  ASSERT_EQ(Create(UseMetal::kOn), absl::OkStatus());
  EXPECT_EQ(Answer(11), expected);
  EXPECT_EQ(report().device, "emulated");
  EXPECT_EQ(report().min_batch, 1u);
  EXPECT_GE(report().steps, kToldSteps);
  EXPECT_EQ(report().failures, 0u);

  ASSERT_EQ(Create(UseMetal::kHybrid), absl::OkStatus());
  EXPECT_EQ(Answer(11), expected);
  EXPECT_EQ(report().min_batch, GpuLinear::kGemmMinBatch);
  EXPECT_EQ(report().steps, 1u);
}

TEST_F(GpuStepsTest, FallsBackWhereAKernelIsWrong) {
  for (const MetalKernel kernel :
       {MetalKernel::kAttendChunk, MetalKernel::kTernaryGemm, MetalKernel::kTernaryGemv}) {
    device_.Damage(kernel);
    ASSERT_EQ(Create(UseMetal::kOn), absl::OkStatus());
    EXPECT_EQ(report().failures, 1u) << SpecOf(kernel).name;
    EXPECT_EQ(report().min_batch, 0u);
    EXPECT_NE(report().note.find(absl::StrCat("self-test: kernel ", SpecOf(kernel).name, ": value")),
              std::string::npos)
        << report().note;
    EXPECT_EQ(Answer(5).size(), kTokens);
    EXPECT_EQ(report().steps, 0u);
  }
}

TEST_F(GpuStepsTest, FallsBackWhereAKernelIsWrongInAStepOnly) {
  // Larger than any dispatch that kernels are tried with.
  device_.Damage(MetalKernel::kNormQuantize, 8);
  ASSERT_EQ(Create(UseMetal::kOn), absl::OkStatus());
  EXPECT_EQ(report().failures, 1u);
  EXPECT_NE(report().note.find("self-test: logits after a step of "), std::string::npos) << report().note;
}

TEST_F(GpuStepsTest, LetsTheCpuRunAStepThatFails) {
  ASSERT_EQ(Create(UseMetal::kOff), absl::OkStatus());
  const std::vector<int32_t> expected = Answer(9);
  ASSERT_EQ(Create(UseMetal::kOn), absl::OkStatus());
  device_.FailRuns("the GPU hangs");
  EXPECT_EQ(Answer(9), expected);
  EXPECT_EQ(report().steps, 0u);
  EXPECT_GE(report().failures, kToldSteps);
  EXPECT_EQ(report().note, "the GPU hangs");
}

TEST_F(GpuStepsTest, IsAnErrorOrTheCpuWhereThereIsNoGpu) {
  for (const UseMetal use : {UseMetal::kOn, UseMetal::kHybrid, UseMetal::kAuto}) {
    EngineOptions options;
    options.num_threads = 1;
    options.use_metal = use;
    options.open_gpu = []() -> absl::StatusOr<std::unique_ptr<GpuDevice>> {
      return absl::FailedPreconditionError("Metal is not on this system");
    };
    if (use == UseMetal::kAuto) {
      ASSERT_EQ(Create(options), absl::OkStatus());
      EXPECT_EQ(report().note, "Metal is not on this system");
      EXPECT_EQ(Answer(5).size(), kTokens);
    } else {
      EXPECT_TRUE(
          IsError(Create(options), absl::StatusCode::kFailedPrecondition, "Metal is not on this system"));
    }
  }
}

TEST_F(GpuStepsTest, MeasuresBeforeItTakesAFavouredGpu) {
  ASSERT_EQ(Create(UseMetal::kAuto), absl::OkStatus());
  EXPECT_NE(report().note.find("the CPU is taken to be as fast"), std::string::npos) << report().note;
  // No emulation is as fast as what it runs on.
  device_.set_name("Apple M4 Max");
  ASSERT_EQ(Create(UseMetal::kAuto), absl::OkStatus());
  EXPECT_NE(report().note.find("on Apple M4 Max and "), std::string::npos) << report().note;
  EXPECT_EQ(report().min_batch, 0u);
}

TEST(GuideFavoursGpuTest, KnowsChipsByName) {
  for (const char* chip : {"Apple M3 Max", "Apple M3 Ultra", "Apple M4", "Apple M4 Pro", "Apple M10"}) {
    EXPECT_TRUE(GuideFavoursGpu(chip)) << chip;
  }
  for (const char* chip :
       {"Apple M1", "Apple M1 Ultra", "Apple M2 Max", "Apple M3", "Apple M3 Pro", "AMD", "Apple M"}) {
    EXPECT_FALSE(GuideFavoursGpu(chip)) << chip;
  }
}

}  // namespace
}  // namespace bitnet

// Whole steps on an emulated GPU, compared with the CPU's logits by bits.
#include "engine/metal/gpu_transformer.h"

#include <gtest/gtest.h>

#include <bit>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/models/random_model.h"
#include "bench/models/shapes.h"
#include "engine/loaded_model.h"
#include "engine/model/model_file.h"
#include "engine/transformer/transformer.h"
#include "tests/engine/metal/emulated_device.h"
#include "tests/engine/random_model.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

constexpr size_t kMaxTokens = 48;

// A model, a cache, and both ways to run it.
class BothWays {
 public:
  explicit BothWays(std::unique_ptr<ModelFile> file, KvType kv_type = KvType::kF16,
                    WeightOptions weights = {})
      : model_(*LoadedModel::Load(std::move(file), weights, pool_)),
        cache_(model_.config, 64, kv_type),
        cpu_(model_.config, model_.weights, cache_, DetectCpuFeatures(),
             {.max_tokens = kMaxTokens, .max_logits = kMaxTokens}, &pool_) {}

  absl::Status CreateGpu() {
    auto created = GpuTransformer::Create(model_.config, model_.weights, cache_, cpu_.rope(), kMaxTokens,
                                          kMaxTokens, &device_);
    if (created.ok()) gpu_ = *std::move(created);
    return created.status();
  }

  BlockTable& Sequence(size_t i) {
    if (tables_.size() <= i) tables_.resize(i + 1);
    return tables_[i];
  }

  // `n` tokens of sequence i from `position` on. All, or only the last, want logits.
  std::vector<BatchToken> Tokens(size_t i, size_t position, size_t n, bool all = true) {
    std::vector<BatchToken> batch;
    EXPECT_TRUE(cache_.Reserve(position + n, Sequence(i)));
    const std::vector<int32_t> ids =
        RandomTokens(position + n, model_.config.vocab_size, static_cast<uint32_t>(i));
    for (size_t t = position; t < position + n; ++t) {
      batch.push_back({.token = ids[t],
                       .position = t,
                       .blocks = &Sequence(i),
                       .wants_logits = all || t + 1 == position + n});
    }
    return batch;
  }

  std::vector<float> OnCpu(std::span<const BatchToken> batch) {
    const std::span<const float> logits = cpu_.Forward(batch);
    return {logits.begin(), logits.end()};
  }
  std::vector<float> OnGpu(std::span<const BatchToken> batch) {
    const absl::StatusOr<std::span<const float>> logits = gpu_->Forward(batch);
    EXPECT_TRUE(logits.ok()) << logits.status();
    return logits.ok() ? std::vector<float>(logits->begin(), logits->end()) : std::vector<float>();
  }

  // The same step both ways, the GPU's last, whose keys and values so stay.
  void ExpectEqual(std::span<const BatchToken> batch) {
    const std::vector<float> cpu = OnCpu(batch);
    const std::vector<float> gpu = OnGpu(batch);
    ASSERT_EQ(cpu.size(), gpu.size());
    size_t equal = 0;
    for (size_t i = 0; i < cpu.size(); ++i) {
      equal += std::bit_cast<uint32_t>(cpu[i]) == std::bit_cast<uint32_t>(gpu[i]);
    }
    EXPECT_EQ(equal, cpu.size());
    equal_ += equal;
  }

  size_t equal() const { return equal_; }
  EmulatedDevice& device() { return device_; }
  const ModelConfig& config() const { return model_.config; }

 private:
  ThreadPool pool_{2};
  LoadedModel model_;
  KvCache cache_;
  Transformer cpu_;
  EmulatedDevice device_;
  std::unique_ptr<GpuTransformer> gpu_;
  std::deque<BlockTable> tables_;  // Stay where they are.
  size_t equal_ = 0;
};

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

// A prompt, a token after it, and a step of two sequences.
void ExpectEqualSteps(BothWays& model) {
  model.ExpectEqual(model.Tokens(0, 0, 11));
  model.ExpectEqual(model.Tokens(0, 11, 1));
  std::vector<BatchToken> batch = model.Tokens(0, 12, 1);
  batch.push_back(model.Tokens(1, 0, 1)[0]);
  model.ExpectEqual(batch);
  std::printf("             %zu of %zu logits have the CPU's bits\n", model.equal(),
              14 * model.config().vocab_size);
}

// Of random models.
struct Variant {
  const char* name;
  RandomModelShape shape;
  KvType kv_type = KvType::kF16;
  WeightOptions weights = {};
};

RandomModelShape SmallShape() {
  return {.hidden_dim = 128,
          .ffn_dim = 384,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_dim = 32,
          .vocab_size = 300};
}

std::vector<Variant> Variants() {
  const RandomModelShape small = SmallShape();
  RandomModelShape llama = small;
  llama.architecture = "llama";
  llama.own_head = true;
  RandomModelShape bf16 = small;
  bf16.embedding = GgmlType::kBF16;
  RandomModelShape qwen = small;
  qwen.architecture = "qwen3";
  RandomModelShape bonsai = qwen;
  bonsai.matrices = bonsai.embedding = GgmlType::kQ1_0;
  RandomModelShape ternary_bonsai = qwen;
  ternary_bonsai.matrices = ternary_bonsai.embedding = GgmlType::kQ2_0;
  // Blocks of 256 whose scales differ, so that they are groups.
  RandomModelShape blocks = llama;
  blocks.hidden_dim = blocks.ffn_dim = 256;
  blocks.num_heads = 8;
  blocks.matrices = GgmlType::kTQ2_0;
  return {{"Bitnet", small},
          {"Llama", llama},
          {"Bf16Head", bf16},
          {"Int6Head", small, KvType::kF16, {.head = HeadFormat::kInt6}},
          {"ExactHead", small, KvType::kF16, {.head = HeadFormat::kExact}},
          {"Int8Cache", small, KvType::kInt8},
          {"F32Cache", small, KvType::kF32},
          {"Qwen3", qwen},
          {"Bonsai", bonsai},
          {"BonsaiInt8Cache", bonsai, KvType::kInt8},
          {"TernaryBonsai", ternary_bonsai},
          {"TernaryBlocksWithScales", blocks}};
}

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class GpuTransformerVariantTest : public testing::TestWithParam<Variant> {};

TEST_P(GpuTransformerVariantTest, EqualsTheCpu) {
  const std::vector<uint8_t> bytes = RandomModel(GetParam().shape);
  auto file = ModelFile::Parse(bytes, GetParam().name);
  ASSERT_TRUE(file.ok()) << file.status();
  BothWays model(*std::move(file), GetParam().kv_type, GetParam().weights);
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  ExpectEqualSteps(model);
}

INSTANTIATE_TEST_SUITE_P(AllVariants, GpuTransformerVariantTest, testing::ValuesIn(Variants()),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST(GpuTransformerTest, EqualsTheCpuInBase3) {
  const auto made = MadeModel::Create(*FindShape("tiny"), *FindWeightType("base3"), *FindWeightType("f16"));
  ASSERT_TRUE(made.ok()) << made.status();
  BothWays model((*made)->File());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.ExpectEqual(model.Tokens(0, 0, 9));
  model.ExpectEqual(model.Tokens(0, 9, 2));
  EXPECT_TRUE(model.device().num_dispatches().contains("base3_gemm"));
  EXPECT_TRUE(model.device().num_dispatches().contains("base3_gated_gemv"));
}

class GpuTransformerOneBitTest : public testing::TestWithParam<const char*> {};

TEST_P(GpuTransformerOneBitTest, EqualsTheCpu) {
  const WeightType type = *FindWeightType(GetParam());
  for (const WeightType& head : {type, *FindWeightType("f16")}) {
    const auto made = MadeModel::Create(*FindShape("tiny"), type, head);
    ASSERT_TRUE(made.ok()) << made.status();
    BothWays model((*made)->File());
    ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
    ExpectEqualSteps(model);
  }
}

INSTANTIATE_TEST_SUITE_P(AllActivations, GpuTransformerOneBitTest,
                         testing::Values("1bit-binary", "1bit-ternary", "1bit-bf16"), [](const auto& type) {
                           return std::string(type.param).substr(std::string_view("1bit-").size());
                         });

// A file of `tensors`, whose layers are of what `shape` says but for some.
std::vector<uint8_t> ModelWith(const RandomModelShape& shape,
                               const std::function<void(std::vector<RandomTensor>&)>& change) {
  std::vector<RandomTensor> tensors = RandomModelTensors(shape);
  change(tensors);
  return RandomModel(shape, tensors);
}

TEST(GpuTransformerTest, GivesEachMatrixTheActivationsThatItWants) {
  RandomModelShape shape = SmallShape();
  shape.architecture = "qwen3";
  shape.matrices = GgmlType::kQ1_0;
  const std::vector<uint8_t> bytes = ModelWith(shape, [](std::vector<RandomTensor>& tensors) {
    for (RandomTensor& tensor : tensors) {
      if (tensor.name.ends_with("attn_k.weight")) tensor.type = GgmlType::kQ2_0;
      if (tensor.name.ends_with("ffn_up.weight")) tensor.type = GgmlType::kI2S;
    }
  });
  auto file = ModelFile::Parse(bytes, "mixed");
  ASSERT_TRUE(file.ok()) << file.status();
  BothWays model(*std::move(file));
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  ExpectEqualSteps(model);
  EXPECT_TRUE(model.device().num_dispatches().contains("grouped_1bit_gemm"));
  EXPECT_TRUE(model.device().num_dispatches().contains("grouped_2bit_gemm"));
  EXPECT_TRUE(model.device().num_dispatches().contains("ternary_gemm"));
}

TEST(GpuTransformerTest, MultipliesByAScaleBesideTheWeights) {
  RandomModelShape shape = SmallShape();
  shape.architecture = "qwen3";
  shape.matrices = GgmlType::kQ1_0;
  const std::vector<uint8_t> bytes = ModelWith(shape, [](std::vector<RandomTensor>& tensors) {
    tensors.push_back({"blk.0.attn_v.scale", GgmlType::kF32, {1}});
    tensors.push_back({"blk.1.ffn_down.scale", GgmlType::kF32, {1}});
  });
  auto file = ModelFile::Parse(bytes, "scaled");
  ASSERT_TRUE(file.ok()) << file.status();
  BothWays model(*std::move(file));
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  ExpectEqualSteps(model);
}

TEST(GpuTransformerTest, SharesInputsAndDispatchesOfGroupedMatrices) {
  RandomModelShape shape = SmallShape();
  shape.architecture = "qwen3";
  shape.matrices = shape.embedding = GgmlType::kQ1_0;
  const std::vector<uint8_t> bytes = RandomModel(shape);
  BothWays model(*ModelFile::Parse(bytes, "bonsai"));
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.OnGpu(model.Tokens(0, 0, 1));
  const auto layers = static_cast<int>(shape.num_layers);
  const std::map<std::string, int> expected = {{"attend_chunk", layers},
                                               {"gate_rows", layers},
                                               {"grouped_1bit_gemv", 4 * layers + 1},
                                               {"join_chunks", layers},
                                               {"norm_heads", layers},
                                               {"norm_row", 2 * layers + 1},
                                               {"quantize_groups", 4 * layers + 1},
                                               {"rotate_store", layers}};
  EXPECT_EQ(model.device().num_dispatches(), expected);
}

TEST(GpuTransformerTest, NamesWhatItHasNoKernelFor) {
  RandomModelShape normed = SmallShape();
  normed.input_norms = true;
  const std::vector<uint8_t> bytes = RandomModel(normed);
  auto file = ModelFile::Parse(bytes, "normed");
  ASSERT_TRUE(file.ok()) << file.status();
  BothWays model(*std::move(file));
  EXPECT_TRUE(
      IsError(model.CreateGpu(), absl::StatusCode::kUnimplemented, "query of layer 0 has a norm of its own"));
  RandomModelShape turned = SmallShape();
  turned.hadamard_block = 128;
  const std::vector<uint8_t> other_bytes = RandomModel(turned);
  BothWays other(*ModelFile::Parse(other_bytes, "turned"));
  EXPECT_TRUE(IsError(other.CreateGpu(), absl::StatusCode::kUnimplemented,
                      "attention output of layer 0 has a Hadamard transform"));
  BothWays floats(Lighthouse(), KvType::kF16, {.float_activations = true});
  EXPECT_TRUE(IsError(floats.CreateGpu(), absl::StatusCode::kUnimplemented,
                      "query of layer 0 is neither ternary nor of 1 or 2 bits"));
}

TEST(GpuTransformerTest, SaysWhenABufferIsTooLarge) {
  BothWays model(Lighthouse());
  model.device().set_max_buffer_bytes(1 << 20);
  EXPECT_TRUE(
      IsError(model.CreateGpu(), absl::StatusCode::kResourceExhausted, "a buffer has at most 1048576"));
}

}  // namespace
}  // namespace bitnet

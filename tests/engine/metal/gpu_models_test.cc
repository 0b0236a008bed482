// Whole steps of small models of each kind that the GPU runs, compared with the CPU's logits by bits.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/models/random_model.h"
#include "bench/models/shapes.h"
#include "tests/engine/metal/both_ways.h"
#include "tests/engine/random_model.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

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

class GpuModelVariantTest : public testing::TestWithParam<Variant> {};

TEST_P(GpuModelVariantTest, EqualsTheCpu) {
  const std::vector<uint8_t> bytes = RandomModel(GetParam().shape);
  auto file = ModelFile::Parse(bytes, GetParam().name);
  ASSERT_TRUE(file.ok()) << file.status();
  BothWays model(*std::move(file), GetParam().kv_type, GetParam().weights);
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  ExpectEqualSteps(model);
}

INSTANTIATE_TEST_SUITE_P(AllVariants, GpuModelVariantTest, testing::ValuesIn(Variants()),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST(GpuModelsTest, EqualsTheCpuInBase3) {
  const auto made = MadeModel::Create(*FindShape("tiny"), *FindWeightType("base3"), *FindWeightType("f16"));
  ASSERT_TRUE(made.ok()) << made.status();
  BothWays model((*made)->File());
  ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
  model.ExpectEqual(model.Tokens(0, 0, 9));
  model.ExpectEqual(model.Tokens(0, 9, 2));
  EXPECT_TRUE(model.device().num_dispatches().contains("base3_gemm"));
  EXPECT_TRUE(model.device().num_dispatches().contains("base3_gated_gemv"));
}

class GpuOneBitModelTest : public testing::TestWithParam<const char*> {};

TEST_P(GpuOneBitModelTest, EqualsTheCpu) {
  const WeightType type = *FindWeightType(GetParam());
  for (const WeightType& head : {type, *FindWeightType("f16")}) {
    const auto made = MadeModel::Create(*FindShape("tiny"), type, head);
    ASSERT_TRUE(made.ok()) << made.status();
    BothWays model((*made)->File());
    ASSERT_EQ(model.CreateGpu(), absl::OkStatus());
    ExpectEqualSteps(model);
  }
}

INSTANTIATE_TEST_SUITE_P(AllActivations, GpuOneBitModelTest,
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

TEST(GpuModelsTest, GivesEachMatrixTheActivationsThatItWants) {
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

TEST(GpuModelsTest, MultipliesByAScaleBesideTheWeights) {
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

TEST(GpuModelsTest, SharesInputsAndDispatchesOfGroupedMatrices) {
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

TEST(GpuModelsTest, NamesWhatItHasNoKernelFor) {
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
  const std::vector<uint8_t> plain_bytes = RandomModel(SmallShape());
  BothWays floats(*ModelFile::Parse(plain_bytes, "floats"), KvType::kF16, {.float_activations = true});
  EXPECT_TRUE(IsError(floats.CreateGpu(), absl::StatusCode::kUnimplemented,
                      "query of layer 0 is neither ternary nor of 1 or 2 bits"));
}

}  // namespace
}  // namespace bitnet

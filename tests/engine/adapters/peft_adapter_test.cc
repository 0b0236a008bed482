#include "engine/adapters/peft_adapter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/adapters/open_adapter.h"
#include "tests/engine/adapters/adapter_files.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const char* const kQuery = "model.layers.0.self_attn.q_proj";

absl::StatusOr<std::unique_ptr<Adapter>> Read(const nlohmann::json& json, const SafetensorsWriter& tensors,
                                              const ModelConfig& config = TinyConfig()) {
  return ParsePeftAdapter(Bytes(json.dump()), tensors.Finish(), "dir", config, kPlenty);
}

SafetensorsWriter OnePair(size_t rank = 3) {
  SafetensorsWriter writer;
  AddPeftPair(writer, kQuery, rank, 8, 6);
  return writer;
}

TEST(PeftAdapterTest, ReadsEveryKindOfMatrix) {
  SafetensorsWriter writer;
  for (size_t i = 0; i < kNumProjectionKinds; ++i) {
    const auto kind = static_cast<ProjectionKind>(i);
    const ProjectionShape shape = ShapeOf(kind, TinyConfig());
    AddPeftPair(writer, absl::StrCat("model.layers.1.", std::string(HuggingFaceName(kind))), 3, shape.rows,
                shape.k);
  }
  const auto adapter = Read(PeftJson(), writer);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->num_pairs(), 7u);
  for (size_t i = 0; i < kNumProjectionKinds; ++i) {
    const auto kind = static_cast<ProjectionKind>(i);
    const ProjectionShape shape = ShapeOf(kind, TinyConfig());
    const LowRankPair* pair = (*adapter)->Find(1, kind);
    ASSERT_NE(pair, nullptr) << HuggingFaceName(kind);
    EXPECT_EQ(pair->scale, 2);
    EXPECT_EQ(pair->a, Counting(3 * shape.k, 1));
    EXPECT_EQ(pair->b, Counting(3 * shape.rows, 101));
  }
}

TEST(PeftAdapterTest, ReadsNamesOfAModelWithoutHead) {
  SafetensorsWriter writer;
  AddPeftPair(writer, "layers.1.mlp.down_proj", 3, 6, 10);
  const auto adapter = Read(PeftJson(), writer);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_NE((*adapter)->Find(1, ProjectionKind::kDown), nullptr);
}

TEST(PeftAdapterTest, InterleavesRowsOfQueriesAndKeysWhereTheModelDoes) {
  const ModelConfig llama = TinyConfig(RopePairs::kNeighbours);
  SafetensorsWriter writer;
  AddPeftPair(writer, kQuery, 1, 8, 6);
  AddPeftPair(writer, "model.layers.0.self_attn.k_proj", 1, 4, 6);
  AddPeftPair(writer, "model.layers.0.self_attn.v_proj", 1, 4, 6);
  const auto adapter = Read(PeftJson(1), writer, llama);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  // Of a head's rows 0 1 2 3 the pairs are (0, 2) and (1, 3).
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->b,
            (std::vector<float>{101, 103, 102, 104, 105, 107, 106, 108}));
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kKey)->b, (std::vector<float>{101, 103, 102, 104}));
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kValue)->b, Counting(4, 101));
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->a, Counting(6, 1));
}

TEST(PeftAdapterTest, ScalesByTheRootOfTheRankIfRankStabilised) {
  nlohmann::json json = PeftJson();
  json["use_rslora"] = true;
  const auto adapter = Read(json, OnePair());
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->scale, static_cast<float>(6 / std::sqrt(3.0)));
}

TEST(PeftAdapterTest, TakesRanksAndAlphasOfPatterns) {
  nlohmann::json json = PeftJson(3, 6);
  json["rank_pattern"] = {{"q_proj", 2}, {"^model.layers.1.+", 4}};
  json["alpha_pattern"] = {{"layers.0.self_attn.q_proj", 10}};
  SafetensorsWriter writer;
  AddPeftPair(writer, kQuery, 2, 8, 6);
  AddPeftPair(writer, "model.layers.0.self_attn.k_proj", 3, 4, 6);
  AddPeftPair(writer, "model.layers.1.self_attn.k_proj", 4, 4, 6);
  const auto adapter = Read(json, writer);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->scale, 5);
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kKey)->scale, 2);
  EXPECT_EQ((*adapter)->Find(1, ProjectionKind::kKey)->scale, 1.5);
  EXPECT_EQ((*adapter)->max_rank(), 4u);
}

TEST(PeftAdapterTest, RefusesRanksOtherThanConfigured) {
  EXPECT_TRUE(IsError(Read(PeftJson(4), OnePair(3)).status(), absl::StatusCode::kDataLoss,
                      "dir/adapter_model.safetensors: tensor "
                      "'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight' has rank 3; the "
                      "configuration gives it 4"));
}

TEST(PeftAdapterTest, RefusesTensorsThatNothingIsDoneWith) {
  const std::string base = "base_model.model.model.layers.0.self_attn.q_proj";
  const std::pair<std::string, std::string> refused[] = {
      {base + ".lora_magnitude_vector", "DoRA cannot be run"},
      {"base_model.model.model.embed_tokens.lora_embedding_A", "an adapted embedding cannot be run"},
      {"base_model.model.lm_head.modules_to_save.weight", "retrained modules cannot be run"},
      {base + ".lora_B.bias", "biases cannot be run"},
      {"base_model.model.lm_head.lora_A.weight", "nothing but low-rank pairs"},
      {base + ".weight", "nothing but low-rank pairs"},
      {".lora_A.weight", "nothing but low-rank pairs"},
  };
  for (const auto& [name, why] : refused) {
    SafetensorsWriter writer = OnePair();
    writer.Floats(name, {1, 6}, Counting(6, 0));
    EXPECT_TRUE(IsError(Read(PeftJson(), writer).status(), absl::StatusCode::kUnimplemented,
                        absl::StrCat("tensor '", name, "': ", why)));
  }
}

TEST(PeftAdapterTest, RefusesWhatDoesNotFitTheModel) {
  SafetensorsWriter writer;
  AddPeftPair(writer, kQuery, 3, 8, 7);
  EXPECT_TRUE(IsError(Read(PeftJson(), writer).status(), absl::StatusCode::kDataLoss,
                      "q_proj.lora_A.weight' takes 7 values; those of this model take 6"));
  SafetensorsWriter twice = OnePair();
  AddPeftPair(twice, "layers.0.self_attn.q_proj", 3, 8, 6);
  EXPECT_TRUE(
      IsError(Read(PeftJson(), twice).status(), absl::StatusCode::kDataLoss, "are of the same matrix"));
  SafetensorsWriter bytes;
  bytes.Tensor("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "U8", {3, 6},
               std::vector<uint8_t>(18));
  EXPECT_TRUE(IsError(Read(PeftJson(), bytes).status(), absl::StatusCode::kUnimplemented, "is U8"));
}

TEST(PeftAdapterTest, RefusesFilesCutAnywhere) {
  const std::vector<uint8_t> json = Bytes(PeftJson().dump());
  const std::vector<uint8_t> tensors = OnePair().Finish();
  const auto read = [](std::vector<uint8_t> a, std::vector<uint8_t> b) {
    return ParsePeftAdapter(a, b, "dir", TinyConfig(), kPlenty).ok();
  };
  ASSERT_TRUE(read(json, tensors));
  for (size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(read({json.begin(), json.begin() + static_cast<ptrdiff_t>(length)}, tensors)) << length;
  }
  for (size_t length = 0; length < tensors.size(); ++length) {
    EXPECT_FALSE(read(json, {tensors.begin(), tensors.begin() + static_cast<ptrdiff_t>(length)})) << length;
  }
}

TEST(OpenAdapterTest, TellsDirectoriesFromFiles) {
  const TemporaryDirectory dir;
  dir.Write("adapter_config.json", PeftJson());
  EXPECT_TRUE(IsError(OpenAdapter(dir.path(), TinyConfig(), kPlenty).status(), absl::StatusCode::kNotFound,
                      "adapter_model.safetensors"));
  dir.Write("adapter_model.safetensors", OnePair().Finish());
  const auto peft = OpenAdapter(dir.path(), TinyConfig(), kPlenty);
  ASSERT_TRUE(peft.ok()) << peft.status();
  GgufWriter writer = GgufAdapterKeys();
  AddGgufPair(writer, "blk.0.attn_q", 3, 8, 6);
  dir.Write("adapter.gguf", writer.Finish());
  const auto gguf = OpenAdapter(dir.File("adapter.gguf"), TinyConfig(), kPlenty);
  ASSERT_TRUE(gguf.ok()) << gguf.status();
  EXPECT_EQ((*gguf)->Find(0, ProjectionKind::kQuery)->a, (*peft)->Find(0, ProjectionKind::kQuery)->a);
  EXPECT_EQ(OpenAdapter(dir.File("nothing"), TinyConfig(), kPlenty).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace bitnet

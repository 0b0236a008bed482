#include "engine/adapters/gguf_adapter.h"

#include <gtest/gtest.h>

#include "tests/engine/adapters/adapter_files.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

absl::StatusOr<std::unique_ptr<Adapter>> Read(const std::vector<uint8_t>& bytes,
                                              const ModelConfig& config = TinyConfig(),
                                              size_t max_bytes = kPlenty) {
  const auto file = ModelFile::Parse(bytes, "a.gguf");
  return file.ok() ? ReadGgufAdapter(**file, config, max_bytes)
                   : absl::StatusOr<std::unique_ptr<Adapter>>(file.status());
}

void ExpectError(const GgufWriter& writer, absl::StatusCode code, const std::string& message) {
  EXPECT_TRUE(IsError(Read(writer.Finish()).status(), code, message));
  EXPECT_TRUE(IsError(Read(writer.Finish()).status(), code, "a.gguf"));
}

TEST(GgufAdapterTest, ReadsEveryKindOfMatrix) {
  GgufWriter writer = GgufAdapterKeys();
  AddGgufPair(writer, "blk.0.attn_q", 3, 8, 6);
  AddGgufPair(writer, "blk.0.attn_k", 3, 4, 6);
  AddGgufPair(writer, "blk.0.attn_v", 3, 4, 6);
  AddGgufPair(writer, "blk.0.attn_output", 3, 6, 8);
  AddGgufPair(writer, "blk.1.ffn_gate", 3, 10, 6);
  AddGgufPair(writer, "blk.1.ffn_up", 3, 10, 6);
  AddGgufPair(writer, "blk.1.ffn_down", 3, 6, 10);
  const auto adapter = Read(writer.Finish());
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->num_pairs(), 7u);
  EXPECT_EQ((*adapter)->max_rank(), 3u);
  EXPECT_EQ((*adapter)->bytes(), 4u * 3 * ((6 + 8) + 2 * (6 + 4) + (8 + 6) + 2 * (6 + 10) + (10 + 6)));
  for (size_t i = 0; i < kNumProjectionKinds; ++i) {
    const auto kind = static_cast<ProjectionKind>(i);
    const bool of_attention = kind <= ProjectionKind::kAttnOutput;
    const LowRankPair* pair = (*adapter)->Find(of_attention ? 0 : 1, kind);
    ASSERT_NE(pair, nullptr) << GgufName(kind);
    EXPECT_EQ((*adapter)->Find(of_attention ? 1 : 0, kind), nullptr) << GgufName(kind);
    EXPECT_EQ(pair->scale, 2) << "alpha 6 over rank 3";
    const ProjectionShape shape = ShapeOf(kind, TinyConfig());
    EXPECT_EQ(pair->a, Counting(3 * shape.k, 1)) << GgufName(kind);
    EXPECT_EQ(pair->b, Counting(3 * shape.rows, 101)) << GgufName(kind);
  }
}

TEST(GgufAdapterTest, TakesAlpha0AsScale1) {
  GgufWriter writer = GgufAdapterKeys("bitnet-b1.58", 0);
  AddGgufPair(writer, "blk.0.attn_q", 3, 8, 6);
  const auto adapter = Read(writer.Finish());
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->scale, 1);
}

TEST(GgufAdapterTest, ReadsHalvesAndBFloat16) {
  GgufWriter writer = GgufAdapterKeys();
  writer.Tensor("blk.0.attn_q.weight.lora_a", GgmlType::kF16, {6, 1},
                {0x00, 0x3C, 0x00, 0xC0, 0x00, 0x38, 0, 0, 0, 0, 0, 0});
  writer.Tensor("blk.0.attn_q.weight.lora_b", GgmlType::kBF16, {1, 8}, AsBf16(Counting(8, 101)));
  const auto adapter = Read(writer.Finish());
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  const LowRankPair* pair = (*adapter)->Find(0, ProjectionKind::kQuery);
  EXPECT_EQ(pair->a, (std::vector<float>{1, -2, 0.5, 0, 0, 0}));
  EXPECT_EQ(pair->b, Counting(8, 101));
}

TEST(GgufAdapterTest, LeavesInterleavedRowsAsTheyAre) {
  GgufWriter writer = GgufAdapterKeys("llama");
  AddGgufPair(writer, "blk.0.attn_q", 1, 8, 6);
  const auto adapter = Read(writer.Finish(), TinyConfig(RopePairs::kNeighbours));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ((*adapter)->Find(0, ProjectionKind::kQuery)->b, Counting(8, 101));
}

TEST(GgufAdapterTest, RefusesWhatIsNoLoraOfThisArchitecture) {
  ExpectError(GgufWriter().String("general.type", "model"), absl::StatusCode::kInvalidArgument,
              "key 'general.type' is 'model'; 'adapter' was wanted");
  ExpectError(GgufWriter().String("general.type", "adapter").String("adapter.type", "ia3"),
              absl::StatusCode::kUnimplemented, "key 'adapter.type' is 'ia3'; only 'lora' is read");
  ExpectError(GgufAdapterKeys("llama"), absl::StatusCode::kInvalidArgument,
              "for models of architecture 'llama'; this one is 'bitnet-b1.58'");
  ExpectError(GgufAdapterKeys().Int32s("adapter.alora.invocation_tokens", {1}),
              absl::StatusCode::kUnimplemented, "activated LoRA");
}

TEST(GgufAdapterTest, RefusesMissingKeys) {
  ExpectError(GgufWriter(), absl::StatusCode::kNotFound, "has no key 'general.type'");
  ExpectError(GgufWriter()
                  .String("general.type", "adapter")
                  .String("general.architecture", "bitnet-b1.58")
                  .String("adapter.type", "lora"),
              absl::StatusCode::kNotFound, "has no key 'adapter.lora.alpha'");
}

TEST(GgufAdapterTest, RefusesTensorsThatNothingIsDoneWith) {
  for (const char* name :
       {"token_embd.weight.lora_a", "output.weight.lora_b", "blk.0.attn_norm.weight", "blk.0.attn_q.weight",
        "blk.0.attn_q.weight.lora_c", "blk.0.attn_q.lora_a", "blk.01.attn_q.weight.lora_a",
        "blk..attn_q.weight.lora_a", "blk.-1.attn_q.weight.lora_a", "blk.0attn_q.weight.lora_a",
        "blk.99999999999999999999.attn_q.weight.lora_a", "blk.0.attn_qkv.weight.lora_a", ".weight.lora_a"}) {
    ExpectError(GgufAdapterKeys().F32Tensor(name, {6, 1}, Counting(6, 0)), absl::StatusCode::kUnimplemented,
                absl::StrCat("tensor '", name, "' is no lora_a or lora_b"));
  }
}

TEST(GgufAdapterTest, RefusesWhatDoesNotFitTheModel) {
  const auto with = [](const char* name, std::vector<uint64_t> dims) {
    size_t n = 1;
    for (const uint64_t dim : dims) n *= dim;
    return GgufAdapterKeys().F32Tensor(name, dims, Counting(n, 0));
  };
  const auto loss = absl::StatusCode::kDataLoss;
  ExpectError(GgufAdapterKeys(), loss, "has no tensors of an adapter");
  ExpectError(with("blk.2.attn_q.weight.lora_a", {6, 1}), loss,
              "tensor 'blk.2.attn_q.weight.lora_a' is of layer 2; the model has layers 0 to 1");
  ExpectError(with("blk.0.attn_q.weight.lora_a", {8, 1}), loss,
              "tensor 'blk.0.attn_q.weight.lora_a' takes 8 values; those of this model take 6");
  ExpectError(with("blk.0.attn_q.weight.lora_b", {1, 6}), loss,
              "tensor 'blk.0.attn_q.weight.lora_b' gives 6 values; those of this model give 8");
  ExpectError(with("blk.0.attn_q.weight.lora_a", {6}), loss, "has 1 dimensions; 2 were wanted");
  ExpectError(with("blk.0.attn_q.weight.lora_a", {6, 1025}), loss, "has rank 1025; 1 to 1024 are wanted");
  ExpectError(with("blk.0.attn_q.weight.lora_a", {6, 1}), loss, "has no B beside it");
  ExpectError(with("blk.0.attn_q.weight.lora_b", {1, 8}), loss, "has no A beside it");
  GgufWriter ranks = with("blk.0.attn_q.weight.lora_a", {6, 2});
  ranks.F32Tensor("blk.0.attn_q.weight.lora_b", {1, 8}, Counting(8, 0));
  ExpectError(ranks, loss,
              "'blk.0.attn_q.weight.lora_a' has rank 2, but 'blk.0.attn_q.weight.lora_b' has rank 1");
}

TEST(GgufAdapterTest, RefusesValuesThatAreNotFinite) {
  GgufWriter values = GgufAdapterKeys();
  values.F32Tensor("blk.0.attn_q.weight.lora_a", {6, 1}, {0, 0, 0, INFINITY, 0, 0});
  values.F32Tensor("blk.0.attn_q.weight.lora_b", {1, 8}, Counting(8, 0));
  ExpectError(values, absl::StatusCode::kDataLoss,
              "tensor 'blk.0.attn_q.weight.lora_a' has a value in row 0");
  GgufWriter alpha = GgufAdapterKeys("bitnet-b1.58", NAN);
  AddGgufPair(alpha, "blk.0.attn_q", 3, 8, 6);
  ExpectError(alpha, absl::StatusCode::kDataLoss, "has the scale nan");
}

TEST(GgufAdapterTest, RefusesMoreThanThereIsRoomFor) {
  GgufWriter writer = GgufAdapterKeys();
  AddGgufPair(writer, "blk.0.attn_q", 3, 8, 6);
  constexpr size_t kBytes = 3 * (8 + 6) * sizeof(float);
  EXPECT_TRUE(Read(writer.Finish(), TinyConfig(), kBytes).ok());
  EXPECT_TRUE(IsError(Read(writer.Finish(), TinyConfig(), kBytes - 1).status(),
                      absl::StatusCode::kResourceExhausted,
                      "takes 168 bytes in memory; there is room for 167"));
}

TEST(GgufAdapterTest, RefusesAFileCutAnywhere) {
  GgufWriter writer = GgufAdapterKeys();
  AddGgufPair(writer, "blk.0.attn_q", 1, 8, 6);
  const std::vector<uint8_t> bytes = writer.Finish();
  ASSERT_TRUE(Read(bytes).ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_FALSE(Read(cut).ok()) << length;
  }
}

}  // namespace
}  // namespace bitnet

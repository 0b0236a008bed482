#include "engine/convert/plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// A memory so slow that bytes are all that counts, and one so fast that unpacking is.
const ChipProperties kSlowMemory = {"slow memory", 4, 10, 40, 30, false};
const ChipProperties kFastMemory = {"fast memory", 4, 1000, 40, 30, false};

TensorFacts Ternary(GgmlType type, size_t rows, size_t k, size_t group, bool uniform) {
  return {.name = "blk.0.ffn_up.weight",
          .type = type,
          .dimensions = 2,
          .rows = rows,
          .k = k,
          .bytes = 1234,
          .codes = CodeRange::kTernary,
          .group = group,
          .tensor_scale = type == GgmlType::kI2S,
          .uniform = uniform};
}

TensorFacts Floats(std::string name, GgmlType type, size_t rows, size_t k) {
  TensorFacts facts = {.name = std::move(name),
                       .type = type,
                       .dimensions = rows > 1 ? size_t{2} : size_t{1},
                       .rows = rows,
                       .k = k,
                       .bytes = rows * k * 4};
  facts.embedding = facts.name == "token_embd.weight" || facts.name == "output.weight";
  return facts;
}

absl::StatusOr<TensorPlan> Plan(const TensorFacts& facts, const ConvertOptions& options,
                                ActivationPolicy activations = ActivationPolicy::kInt8Token,
                                const ChipProperties& chip = kSlowMemory) {
  auto plans = PlanConversion(std::span(&facts, 1), options, activations, chip);
  if (!plans.ok()) {
    return plans.status();
  }
  return plans->front();
}

ConvertOptions Pack(PackMode mode) { return {.pack = mode}; }
ConvertOptions Outtype(GgmlType type) { return {.pack = PackMode::kNone, .outtype = type}; }

TEST(PlanTest, ChoosesBase3WhereMemoryIsWhatTakesTime) {
  const TensorFacts facts = Ternary(GgmlType::kI2S, 256, 2560, 2560, true);
  const auto slow = Plan(facts, Pack(PackMode::kAuto));
  ASSERT_TRUE(slow.ok()) << slow.status();
  EXPECT_EQ(slow->to, GgmlType::kPackedBase3);
  EXPECT_TRUE(slow->packed);
  EXPECT_EQ(slow->bytes, 256 / 16 * (2560 / 20) * 64 + 64u);
  EXPECT_NE(slow->why.find("base 3"), 0u);
  const auto fast = Plan(facts, Pack(PackMode::kAuto), ActivationPolicy::kInt8Token, kFastMemory);
  ASSERT_TRUE(fast.ok()) << fast.status();
  EXPECT_EQ(fast->to, GgmlType::kPacked2Bit);
}

TEST(PlanTest, ChargesBase3ForFillingUpRows) {
  // 32 columns take 40 in base 3: as many bytes as in 2 bits.
  const auto plan = Plan(Ternary(GgmlType::kI2S, 16, 32, 32, true), Pack(PackMode::kAuto));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->to, GgmlType::kPacked2Bit);
}

TEST(PlanTest, TakesTheLayoutAskedFor) {
  const TensorFacts facts = Ternary(GgmlType::kI2S, 256, 2560, 2560, true);
  EXPECT_EQ(Plan(facts, Pack(PackMode::k2Bit))->to, GgmlType::kPacked2Bit);
  EXPECT_EQ(Plan(facts, Pack(PackMode::kBase3))->to, GgmlType::kPackedBase3);
}

TEST(PlanTest, PacksGroupsByWhatTheyHold) {
  TensorFacts facts = Ternary(GgmlType::kQ2_0, 256, 2560, 64, false);
  const auto ternary = Plan(facts, Pack(PackMode::kAuto), ActivationPolicy::kByTensor);
  ASSERT_TRUE(ternary.ok()) << ternary.status();
  EXPECT_EQ(ternary->to, GgmlType::kPackedGrouped2Bit);
  EXPECT_EQ(ternary->group, 64u);
  facts.type = GgmlType::kQ1_0;
  facts.codes = CodeRange::kBinary;
  facts.group = 128;
  for (const PackMode mode : {PackMode::kAuto, PackMode::k1Bit}) {
    const auto binary = Plan(facts, Pack(mode), ActivationPolicy::kByTensor);
    ASSERT_TRUE(binary.ok()) << binary.status();
    EXPECT_EQ(binary->to, GgmlType::kPackedGrouped1Bit);
    EXPECT_EQ(binary->group, 128u);
  }
}

// One scale for all weights says nothing about activations if the type could have had more.
TEST(PlanTest, KeepsGroupsOfWeightOnlyModels) {
  const TensorFacts facts = Ternary(GgmlType::kTQ2_0, 256, 2560, 256, true);
  EXPECT_EQ(Plan(facts, Pack(PackMode::k2Bit), ActivationPolicy::kByTensor)->to,
            GgmlType::kPackedGrouped2Bit);
  EXPECT_EQ(Plan(facts, Pack(PackMode::k2Bit), ActivationPolicy::kInt8Token)->to, GgmlType::kPacked2Bit);
}

TEST(PlanTest, NamesTheTensorThatALayoutCannotHold) {
  const TensorFacts groups = Ternary(GgmlType::kQ2_0, 256, 2560, 64, false);
  EXPECT_TRUE(IsError(Plan(groups, Pack(PackMode::kBase3), ActivationPolicy::kByTensor).status(),
                      absl::StatusCode::kInvalidArgument, "'blk.0.ffn_up.weight'"));
  const TensorFacts zeros = Ternary(GgmlType::kI2S, 256, 2560, 2560, true);
  EXPECT_TRUE(IsError(Plan(zeros, Pack(PackMode::k1Bit)).status(), absl::StatusCode::kInvalidArgument,
                      "'blk.0.ffn_up.weight'"));
  const TensorFacts odd = Ternary(GgmlType::kI2S, 256, 100, 100, true);
  EXPECT_TRUE(IsError(Plan(odd, Pack(PackMode::k2Bit)).status(), absl::StatusCode::kUnimplemented,
                      "'blk.0.ffn_up.weight'"));
}

TEST(PlanTest, WritesTheInterchangeTypeAskedFor) {
  const TensorFacts facts = Ternary(GgmlType::kI2S, 256, 2560, 2560, true);
  for (const GgmlType type : {GgmlType::kTQ1_0, GgmlType::kTQ2_0, GgmlType::kQ2_0, GgmlType::kF16}) {
    const auto plan = Plan(facts, Outtype(type));
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->to, type);
    EXPECT_FALSE(plan->copy);
    EXPECT_FALSE(plan->packed);
  }
  const auto same = Plan(facts, Outtype(GgmlType::kI2S));
  EXPECT_TRUE(same->copy);
  EXPECT_EQ(same->bytes, facts.bytes);
}

TEST(PlanTest, DoesNotCopyWhatIsStoredInAnotherOrder) {
  TensorFacts facts = Ternary(GgmlType::kI2S, 256, 2560, 2560, true);
  facts.as_stored = false;
  EXPECT_FALSE(Plan(facts, Outtype(GgmlType::kI2S))->copy);
}

TEST(PlanTest, SaysWhichRowsDoNotFitAType) {
  const TensorFacts facts = Ternary(GgmlType::kHfTernary, 256, 640, 640, true);
  const absl::Status status = Plan(facts, Outtype(GgmlType::kTQ2_0)).status();
  EXPECT_TRUE(IsError(status, absl::StatusCode::kInvalidArgument, "'blk.0.ffn_up.weight'"));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kInvalidArgument, "multiples of 256"));
}

TEST(PlanTest, GivesHuggingFacesMatricesTheirUsualType) {
  const ConvertOptions none = Pack(PackMode::kNone);
  EXPECT_EQ(Plan(Ternary(GgmlType::kHfTernary, 256, 640, 640, true), none)->to, GgmlType::kI2S);
  EXPECT_EQ(Plan(Ternary(GgmlType::kF16, 256, 640, 128, false), none)->to, GgmlType::kQ2_0);
  EXPECT_EQ(Plan(Ternary(GgmlType::kTQ1_0, 256, 2560, 256, false), none)->to, GgmlType::kTQ1_0);
}

TEST(PlanTest, EncodesFloatsThatHoldCodesBeforePackingThem) {
  TensorFacts facts = Ternary(GgmlType::kF16, 256, 2560, 128, false);
  const auto grouped = Plan(facts, Pack(PackMode::kAuto), ActivationPolicy::kByTensor);
  ASSERT_TRUE(grouped.ok()) << grouped.status();
  EXPECT_EQ(grouped->to, GgmlType::kPackedGrouped2Bit);
  EXPECT_EQ(grouped->via, GgmlType::kPQ2_0);
  facts.uniform = true;
  EXPECT_EQ(Plan(facts, Pack(PackMode::k2Bit))->via, GgmlType::kI2S);
}

TEST(PlanTest, LeavesFloatsAlone) {
  for (const ConvertOptions& options :
       {Pack(PackMode::kAuto), Pack(PackMode::kNone), Outtype(GgmlType::kTQ2_0)}) {
    EXPECT_EQ(Plan(Floats("blk.0.attn_norm.weight", GgmlType::kBF16, 1, 2560), options)->to, GgmlType::kF32);
    EXPECT_TRUE(Plan(Floats("output_norm.weight", GgmlType::kF32, 1, 2560), options)->copy);
    EXPECT_EQ(Plan(Floats("token_embd.weight", GgmlType::kBF16, 100, 2560), options)->to, GgmlType::kF16);
    EXPECT_EQ(Plan(Floats("blk.0.ffn_up.weight", GgmlType::kF32, 100, 2560), options)->to, GgmlType::kF16);
    ConvertOptions with_type = options;
    with_type.embedding_type = GgmlType::kQ6K;
    EXPECT_EQ(Plan(Floats("output.weight", GgmlType::kF16, 100, 2560), with_type)->to, GgmlType::kQ6K);
    EXPECT_EQ(Plan(Floats("blk.0.ffn_up.weight", GgmlType::kF32, 100, 2560), with_type)->to, GgmlType::kF16);
  }
}

TEST(PlanTest, PacksAnOutputHeadOfCodesAndLeavesTheEmbedding) {
  TensorFacts facts = Ternary(GgmlType::kQ2_0, 256, 2560, 64, false);
  facts.embedding = true;
  facts.name = "output.weight";
  EXPECT_EQ(Plan(facts, Pack(PackMode::kAuto), ActivationPolicy::kByTensor)->to,
            GgmlType::kPackedGrouped2Bit);
  facts.name = "token_embd.weight";
  EXPECT_TRUE(Plan(facts, Pack(PackMode::kAuto), ActivationPolicy::kByTensor)->copy);
}

// Of a model with one matrix; `tied` as the model says.
std::vector<TensorPlan> PlanWithHead(const std::vector<TensorFacts>& facts, const ConvertOptions& options,
                                     bool tied) {
  auto plans = PlanConversion(facts, options, ActivationPolicy::kInt8Token, kSlowMemory);
  EXPECT_TRUE(plans.ok()) << plans.status();
  PlanPackedHead(facts, options, tied, *plans);
  return *plans;
}

TEST(PlanTest, PacksALargeTiedHeadBesideTheEmbedding) {
  const std::vector<TensorFacts> facts = {Floats("output_norm.weight", GgmlType::kF32, 1, 2560),
                                          Floats("token_embd.weight", GgmlType::kF16, 128256, 2560)};
  const auto plans = PlanWithHead(facts, Pack(PackMode::kAuto), true);
  ASSERT_EQ(plans.size(), 3u);
  EXPECT_EQ(plans[1].to, GgmlType::kF16);
  EXPECT_EQ(plans[2].name, "output.weight");
  EXPECT_EQ(plans[2].source, 1u);
  EXPECT_EQ(plans[2].to, GgmlType::kPackedInt6);
  EXPECT_NEAR(plans[2].bits_per_weight(), 6.5, 0.02);
}

TEST(PlanTest, PacksALargeHeadOfItsOwnInPlace) {
  const std::vector<TensorFacts> facts = {Floats("token_embd.weight", GgmlType::kF16, 128256, 2560),
                                          Floats("output.weight", GgmlType::kF16, 128256, 2560)};
  const auto plans = PlanWithHead(facts, Pack(PackMode::kAuto), false);
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].to, GgmlType::kF16);
  EXPECT_EQ(plans[1].to, GgmlType::kPackedInt6);
}

TEST(PlanTest, LeavesHeadsThatAreSmallOrNotToBePacked) {
  const std::vector<TensorFacts> large = {Floats("token_embd.weight", GgmlType::kF16, 128256, 2560)};
  const std::vector<TensorFacts> small = {Floats("token_embd.weight", GgmlType::kF16, 4096, 256)};
  const std::vector<TensorFacts> odd = {Floats("token_embd.weight", GgmlType::kF16, 128256, 2568)};
  EXPECT_EQ(PlanWithHead(small, Pack(PackMode::kAuto), true).size(), 1u);
  EXPECT_EQ(PlanWithHead(odd, Pack(PackMode::kAuto), true).size(), 1u);
  EXPECT_EQ(PlanWithHead(large, Pack(PackMode::kNone), true).size(), 1u);
  EXPECT_EQ(PlanWithHead(large, {.pack = PackMode::kAuto, .head = HeadFormat::kAsFile}, true).size(), 1u);
  EXPECT_EQ(PlanWithHead(small, {.pack = PackMode::kAuto, .head = HeadFormat::kInt6}, true).size(), 2u);
}

}  // namespace
}  // namespace bitnet

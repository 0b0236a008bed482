#include "engine/transformer/transformer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "engine/evaluate.h"
#include "engine/transformer/rope_table.h"
#include "tests/engine/random_model.h"
#include "tests/engine/status_assertions.h"
#include "tests/engine/transformer/reference_model.h"

namespace bitnet {
namespace {

std::unique_ptr<Evaluator> MakeEvaluator(const std::vector<uint8_t>& bytes, const EvaluatorOptions& options) {
  auto evaluator = Evaluator::Create(*ModelFile::Parse(bytes, "random"), options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  return *std::move(evaluator);
}

void ExpectNearReference(const RandomModelShape& shape, size_t num_tokens) {
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const auto evaluator = MakeEvaluator(bytes, {.num_threads = 2, .chunk_size = 7, .kv_type = KvType::kF32});
  const std::vector<int32_t> tokens = RandomTokens(num_tokens, shape.vocab_size, 5);
  const auto logits = evaluator->Logits(tokens);
  ASSERT_TRUE(logits.ok()) << logits.status();
  const auto reference = ReferenceLogits(evaluator->file(), evaluator->config(), tokens);

  double square_sum = 0;
  std::vector<double> largest_errors(num_tokens);
  for (size_t i = 0; i < logits->size(); ++i) {
    const size_t position = i / shape.vocab_size;
    const double expected = reference[position][i % shape.vocab_size];
    square_sum += expected * expected;
    largest_errors[position] = std::max(largest_errors[position], std::abs((*logits)[i] - expected));
  }
  const double deviation = std::sqrt(square_sum / static_cast<double>(logits->size()));
  // Float rounding alone is near 1e-6, until it moves an int8 activation by one. That moves a tenth of what
  // is rounded next, and so on: from there on the two differ as two roundings of the same model do. A
  // rounding to a step of absmax / 127, absmax about 3.5 deviations, has an error of 3.5 / 127 / sqrt(12) =
  // 0.008; 14 of them, in two layers of 7 matrices, 0.03; and the largest of some 10^4 logits is 4.5 times as
  // far off. A wrong rotation, head or norm gives errors of the deviation's own size, and none at the first
  // position.
  size_t num_near = 0;
  for (size_t position = 0; position < num_tokens; ++position) {
    const bool is_near = largest_errors[position] < 1e-5 * deviation;
    num_near += is_near ? 1 : 0;
    EXPECT_LT(largest_errors[position], 4.5 * 0.03 * deviation) << "position " << position;
  }
  EXPECT_GT(num_near, 0u);
  EXPECT_GT(deviation, 0.1);
}

TEST(TransformerTest, FollowsThePaper) { ExpectNearReference({}, 40); }

TEST(TransformerTest, FollowsThePaperWithoutSharedKeys) {
  ExpectNearReference({.num_layers = 1, .num_heads = 4, .num_kv_heads = 4, .head_dim = 32}, 20);
}

TEST(TransformerTest, FollowsThePaperWithRowsThatAreNoWholeTiles) {
  ExpectNearReference({.num_layers = 1, .num_heads = 16, .num_kv_heads = 1, .head_dim = 40}, 20);
}

TEST(TransformerTest, FollowsTheReproductionsOfBitNet) {
  ExpectNearReference({.num_heads = 2, .num_kv_heads = 2, .head_dim = 128, .architecture = "bitnet"}, 20);
}

TEST(TransformerTest, FollowsLlama) {
  ExpectNearReference({.architecture = "llama", .matrices = GgmlType::kTQ2_0}, 20);
  ExpectNearReference({.architecture = "llama", .matrices = GgmlType::kTQ1_0, .own_head = true}, 20);
  ExpectNearReference({.architecture = "llama", .matrices = GgmlType::kF16, .embedding = GgmlType::kBF16},
                      20);
  ExpectNearReference({.architecture = "llama"}, 20);
}

TEST(TransformerTest, FollowsQwen3) {
  ExpectNearReference({.architecture = "qwen3", .matrices = GgmlType::kQ1_0, .embedding = GgmlType::kQ1_0},
                      20);
  ExpectNearReference(
      {.head_dim = 96, .architecture = "qwen3", .matrices = GgmlType::kQ2_0, .embedding = GgmlType::kQ2_0},
      20);
  ExpectNearReference({.architecture = "qwen3", .matrices = GgmlType::kPQ2_0, .own_head = true}, 20);
}

// As BitNet-embedding and Falcon-E have it.
TEST(TransformerTest, NormsTheInputOfEachMatrix) {
  ExpectNearReference({.architecture = "llama", .input_norms = true}, 20);
  ExpectNearReference({.architecture = "qwen3", .matrices = GgmlType::kTQ2_0, .input_norms = true}, 20);
}

// As BitNet v2 has it.
TEST(TransformerTest, TransformsTheInputOfTheLastMatrices) {
  ExpectNearReference({.hadamard_block = 256}, 20);
  ExpectNearReference({.architecture = "llama", .matrices = GgmlType::kF16, .hadamard_block = 64}, 20);
}

TEST(EvaluatorTest, RefusesWhatDoesNotFit) {
  const std::vector<uint8_t> bytes = RandomModel({.max_seq_len = 32});
  const auto evaluator = MakeEvaluator(bytes, {.num_threads = 1, .max_batch = 2});
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_TRUE(IsError(evaluator->Logits({}).status(), code, "0 tokens; 1 to 32 are possible"));
  EXPECT_TRUE(IsError(evaluator->Logits(std::vector<int32_t>(33, 1)).status(), code, "33 tokens"));
  EXPECT_TRUE(IsError(evaluator->Logits(std::vector<int32_t>{512}).status(), code, "token 512"));
  EXPECT_TRUE(IsError(evaluator->Logits(std::vector<int32_t>{-1}).status(), code, "token -1"));
  EXPECT_TRUE(IsError(evaluator->BatchLogits({}).status(), code, "0 sequences; 1 to 2"));
  const std::vector<std::vector<int32_t>> three(3, {1});
  EXPECT_TRUE(IsError(evaluator->BatchLogits(three).status(), code, "3 sequences; 1 to 2"));
}

TEST(RopeTableTest, HoldsTheCLibrarysAnglesRoundedToFloat) {
  const RopeTable table(128, 4096, 500000);
  for (size_t position : {0, 1, 2, 17, 1000, 4095}) {
    for (size_t i = 0; i < 64; ++i) {
      const double angle =
          static_cast<double>(position) * std::pow(500000.0, -2.0 * static_cast<double>(i) / 128);
      // The angle's relative error is a few 2^-53, so its own is below 4096 * 8 * 2^-53; then one rounding.
      const double tolerance = 4096 * 8 * 0x1p-53 + 0x1p-25;
      EXPECT_NEAR(table.Cos(position)[i], std::cos(angle), tolerance);
      EXPECT_NEAR(table.Sin(position)[i], std::sin(angle), tolerance);
    }
  }
}

}  // namespace
}  // namespace bitnet

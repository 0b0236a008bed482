// A whole model with adapters: what it computes, and that nothing else changes that.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "engine/evaluate.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/random_model.h"
#include "tests/engine/transformer/reference_model.h"

namespace bitnet {
namespace {

using Adapters = std::vector<ActiveAdapter>;

std::unique_ptr<Evaluator> MakeEvaluator(const std::vector<uint8_t>& bytes, const EvaluatorOptions& options) {
  auto evaluator = Evaluator::Create(*ModelFile::Parse(bytes, "random"), options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  return *std::move(evaluator);
}

struct Comparison {
  double largest_error = 0;  // Both relative to the deviation of the logits.
  double largest_effect = 0;
};

Comparison CompareWithReference(const RandomModelShape& shape) {
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const auto evaluator = MakeEvaluator(bytes, {.num_threads = 2, .chunk_size = 7, .kv_type = KvType::kF32});
  const auto first = RandomAdapter(evaluator->config(), 4, 1);
  const auto second = RandomAdapter(evaluator->config(), 19, 2);
  const Adapters adapters = {{first.get(), 0.75f}, {second.get(), -0.5f}};
  const std::vector<int32_t> tokens = RandomTokens(20, shape.vocab_size, 5);
  const std::vector<float> logits = *evaluator->Logits(tokens, adapters);
  const std::vector<float> plain = *evaluator->Logits(tokens);
  const auto reference = ReferenceLogits(evaluator->file(), evaluator->config(), tokens, adapters);
  Comparison result;
  double square_sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double wanted = reference[i / shape.vocab_size][i % shape.vocab_size];
    square_sum += wanted * wanted;
    result.largest_error = std::max(result.largest_error, std::abs(logits[i] - wanted));
    result.largest_effect = std::max<double>(result.largest_effect, std::abs(logits[i] - plain[i]));
  }
  const double deviation = std::sqrt(square_sum / static_cast<double>(logits.size()));
  result.largest_error /= deviation;
  result.largest_effect /= deviation;
  return result;
}

// Without quantised activations nothing but float rounding is between the two: two layers of eight sums in a
// row, each off by some 2^-24 times the root of the lanes' length, 256 / 16, and the fold's 4 steps: below
// 2^-24 * 16 * 8, and logits reach 5 deviations. 2^-14 holds all of it; a wrong order of rows, input or scale
// gives errors of the effect's size.
TEST(AdaptedModelTest, AddsLowRankProductsToEveryMatrix) {
  for (const char* architecture : {"llama", "qwen3"}) {
    const Comparison result =
        CompareWithReference({.architecture = architecture, .matrices = GgmlType::kF16});
    EXPECT_LT(result.largest_error, 0x1p-14) << architecture;
    EXPECT_GT(result.largest_effect, 0.3) << architecture;
  }
}

// The tolerance is TransformerTest's: a rounding that falls otherwise moves an int8 activation by one.
TEST(AdaptedModelTest, TakesInputsAsTheyAreBeforeTheyAreQuantised) {
  for (const char* architecture : {"bitnet-b1.58", "bitnet"}) {
    const Comparison result = CompareWithReference({.architecture = architecture});
    EXPECT_LT(result.largest_error, 0.05) << architecture;
    EXPECT_GT(result.largest_effect, 0.3) << architecture;
  }
  EXPECT_LT(CompareWithReference({.architecture = "llama", .input_norms = true}).largest_error, 0.05);
}

class AdaptedBatchTest : public testing::Test {
 protected:
  AdaptedBatchTest() {
    const auto file = *ModelFile::Parse(bytes_, "random");
    const ModelConfig config = *ReadModelConfig(*file);
    first_ = RandomAdapter(config, 16, 1);
    second_ = RandomAdapter(config, 5, 2);
    lists_ = {{{first_.get(), 1}}, {}, {{second_.get(), 2}, {first_.get(), 0.5f}}, {{first_.get(), 1}}};
    for (size_t i = 0; i < lists_.size(); ++i) {
      sequences_.push_back(RandomTokens(25 + i, RandomModelShape().vocab_size, static_cast<uint32_t>(i)));
      spans_.emplace_back(lists_[i]);
    }
  }

  const std::vector<uint8_t> bytes_ = RandomModel(RandomModelShape());
  std::unique_ptr<Adapter> first_, second_;
  std::vector<Adapters> lists_;
  std::vector<std::vector<int32_t>> sequences_;
  std::vector<std::span<const ActiveAdapter>> spans_;
};

TEST_F(AdaptedBatchTest, GivesTheSameBitsInAnyBatchOnAnyThreadsAndInstructionSet) {
  const auto slow = MakeEvaluator(bytes_, {.num_threads = 1, .cpu_features = kNoFeatures, .chunk_size = 1});
  std::vector<std::vector<float>> wanted;
  for (size_t i = 0; i < sequences_.size(); ++i) {
    wanted.push_back(*slow->Logits(sequences_[i], spans_[i]));
  }
  for (const Isa& isa : Isas()) {
    if (!Covers(DetectCpuFeatures(), isa.features)) {
      continue;
    }
    const auto evaluator = MakeEvaluator(
        bytes_,
        {.num_threads = 3, .cpu_features = isa.features, .chunk_size = 9, .max_batch = sequences_.size()});
    EXPECT_EQ(*evaluator->BatchLogits(sequences_, spans_), wanted) << isa.name;
  }
}

TEST_F(AdaptedBatchTest, LeavesSequencesWithoutAdaptersAsTheyAre) {
  const auto evaluator = MakeEvaluator(bytes_, {.num_threads = 2, .max_batch = sequences_.size()});
  const auto adapted = *evaluator->BatchLogits(sequences_, spans_);
  const auto plain = *evaluator->BatchLogits(sequences_);
  EXPECT_EQ(adapted[1], plain[1]);
  EXPECT_NE(adapted[0], plain[0]);
  EXPECT_NE(adapted[2], plain[2]);
}

}  // namespace
}  // namespace bitnet

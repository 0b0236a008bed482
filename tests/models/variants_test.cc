// The embedded models of one-bit weights: the engine gives the figures that training in PyTorch ended with,
// and the same bits with every instruction set.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "engine/cli/options.h"
#include "engine/cli/perplexity.h"
#include "engine/evaluate.h"
#include "kernels/cpu_features.h"

namespace bitnet {
namespace {

const std::string kModels = BITNET_SOURCE_DIR "/models/";

struct Variant {
  const char* name;
  const char* file;
  double perplexity;  // models/train/perplexity.py's, of the checkpoint that was exported.
};

constexpr Variant kVariants[] = {
    {"binary", "lighthouse-w1a1-6m.gguf", 129.6420},
    {"ternary", "lighthouse-w1a1.58-6m.gguf", 109.6621},
    {"bf16", "lighthouse-w1a16-6m.gguf", 116.1562},
};

class VariantsTest : public testing::TestWithParam<Variant> {};

// Float sums in another order move the last bits, and now and then a sign, a trit or the last bit of a
// bfloat16 with them; training itself would show 0.1 % of int8's perplexity that way (models/README.md).
// Weights, scales or activations that were read wrongly change it by orders of magnitude: at random it is
// 4096.
TEST_P(VariantsTest, GivesThePerplexityThatTrainingEndedWith) {
  InferOptions options;
  options.perplexity_file = kModels + "heldout.jsonl";
  options.engine.num_threads = 1;
  options.engine.kv_type = KvType::kF32;
  const auto perplexity = MeasurePerplexity(kModels + GetParam().file, options);
  ASSERT_TRUE(perplexity.ok()) << perplexity.status();
  EXPECT_EQ(perplexity->tokens, 646u);
  EXPECT_NEAR(perplexity->value, GetParam().perplexity, 0.005 * GetParam().perplexity);
}

absl::StatusOr<std::vector<float>> Logits(const std::string& path, CpuFeatures features, int threads,
                                          size_t chunk_size) {
  // <|begin_of_text|> and what needs no meaning.
  std::vector<int32_t> tokens = {4093};
  for (int32_t i = 0; i < 70; ++i) tokens.push_back((i * 577 + 31) % 4000);
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, ModelFile::Open(path, FileAccess::kMap));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluator> evaluator,
      Evaluator::Create(std::move(file),
                        {.num_threads = threads, .cpu_features = features, .chunk_size = chunk_size}));
  return evaluator->Logits(tokens);
}

TEST_P(VariantsTest, GivesTheSameBitsWithEveryInstructionSetThreadsAndChunks) {
  const std::string path = kModels + GetParam().file;
  const auto expected = Logits(path, kNoFeatures, 1, 64);
  ASSERT_TRUE(expected.ok()) << expected.status();
  ASSERT_EQ(expected->size(), 71u * 4096);
  const CpuFeatures have = DetectCpuFeatures();
  std::vector<CpuFeatures> sets = {have};  // All of them, which may be more than a rung's.
  for (const Isa& isa : Isas()) {
    if (Covers(have, isa.features)) sets.push_back(isa.features);
  }
  for (const CpuFeatures features : sets) {
    for (const size_t chunk_size : {1, 3, 64}) {
      const auto logits = Logits(path, features, chunk_size == 3 ? 2 : 1, chunk_size);
      ASSERT_TRUE(logits.ok()) << logits.status();
      ASSERT_EQ(logits->size(), expected->size());
      EXPECT_EQ(std::memcmp(logits->data(), expected->data(), logits->size() * sizeof(float)), 0)
          << "features " << features.bits << ", chunks of " << chunk_size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, VariantsTest, testing::ValuesIn(kVariants),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace bitnet

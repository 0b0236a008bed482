#include "engine/transformer/screened_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/evaluate.h"
#include "engine/weights/head_format.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

struct Logits {
  std::vector<float> logits;
  ScreeningStats screening;
};

struct HeadOptions {
  HeadFormat head = HeadFormat::kExact;
  size_t logits_needed = kAllLogits;
  int threads = 1;
  CpuFeatures features = DetectCpuFeatures();
};

constexpr size_t kTokens = 40;

Logits LogitsOf(const RandomModelShape& shape, const HeadOptions& options) {
  const std::vector<uint8_t> bytes = RandomModel(shape);
  auto evaluator =
      Evaluator::Create(*ModelFile::Parse(bytes, "random"), {.num_threads = options.threads,
                                                             .cpu_features = options.features,
                                                             .chunk_size = 7,
                                                             .weights = {.head = options.head},
                                                             .logits_needed = options.logits_needed});
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  auto logits = (*evaluator)->Logits(RandomTokens(kTokens, shape.vocab_size, 3));
  EXPECT_TRUE(logits.ok()) << logits.status();
  return {*std::move(logits), (*evaluator)->screening()};
}

// The ids of the highest `n`, as the sampler ranks them.
std::vector<int> Highest(const float* logits, size_t vocab_size, size_t n) {
  std::vector<int> ids(vocab_size);
  std::iota(ids.begin(), ids.end(), 0);
  std::ranges::sort(
      ids, [logits](int a, int b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  ids.resize(n);
  return ids;
}

void ExpectSameHighest(const Logits& whole, const Logits& screened, size_t vocab_size, size_t n) {
  for (size_t t = 0; t < kTokens; ++t) {
    const float* want = whole.logits.data() + t * vocab_size;
    const float* got = screened.logits.data() + t * vocab_size;
    const std::vector<int> ids = Highest(want, vocab_size, n);
    ASSERT_EQ(Highest(got, vocab_size, n), ids) << "after token " << t;
    for (size_t id = 0; id < vocab_size; ++id) {
      if (got[id] != -std::numeric_limits<float>::infinity()) {
        ASSERT_EQ(got[id], want[id]) << "token " << t << ", id " << id;
      }
    }
  }
}

// 500 rows are no whole number of tiles.
TEST(ScreenedHeadTest, GivesTheHighestLogitsOfTheWholeHead) {
  for (const size_t vocab_size : {size_t{2048}, size_t{500}}) {
    for (const GgmlType type : {GgmlType::kF16, GgmlType::kBF16, GgmlType::kF32}) {
      const RandomModelShape shape = {.num_layers = 1, .vocab_size = vocab_size, .embedding = type};
      const Logits whole = LogitsOf(shape, {.head = HeadFormat::kAsFile});
      for (const size_t n : {size_t{1}, size_t{5}, size_t{64}}) {
        const Logits screened = LogitsOf(shape, {.logits_needed = n});
        ExpectSameHighest(whole, screened, vocab_size, n);
        EXPECT_EQ(screened.screening.positions, kTokens);
        EXPECT_GE(screened.screening.rows, kTokens * n);
      }
    }
  }
}

TEST(ScreenedHeadTest, LeavesMostRowsUnread) {
  const RandomModelShape shape = {.num_layers = 1, .vocab_size = 4096};
  EXPECT_LT(LogitsOf(shape, {.logits_needed = 1}).screening.rows, kTokens * shape.vocab_size / 10);
}

TEST(ScreenedHeadTest, ReadsTheSameRowsOnEveryInstructionSetAndNumberOfThreads) {
  const RandomModelShape shape = {.num_layers = 1, .vocab_size = 2000, .own_head = true};
  const Logits one = LogitsOf(shape, {.logits_needed = 8});
  const Logits three = LogitsOf(shape, {.logits_needed = 8, .threads = 3});
  const Logits portable = LogitsOf(shape, {.logits_needed = 8, .features = kNoFeatures});
  EXPECT_EQ(three.logits, one.logits);
  EXPECT_EQ(portable.logits, one.logits);
  EXPECT_EQ(three.screening.rows, one.screening.rows);
}

TEST(ScreenedHeadTest, ReadsAllWhereAllAreNeeded) {
  const RandomModelShape shape = {.num_layers = 1};
  const Logits whole = LogitsOf(shape, {.head = HeadFormat::kAsFile});
  for (const size_t needed : {kAllLogits, ScreenedHead::kMostNeeded + 1}) {
    const Logits run = LogitsOf(shape, {.logits_needed = needed});
    EXPECT_EQ(run.logits, whole.logits);
    EXPECT_EQ(run.screening.positions, 0u);
  }
}

// Blocks of many bits are read whole, and so is a vocabulary smaller than what is needed of it.
TEST(ScreenedHeadTest, IsNotMadeWhereItWouldGainNothing) {
  const Logits blocks = LogitsOf(
      {.num_layers = 1, .architecture = "qwen3", .matrices = GgmlType::kQ1_0, .embedding = GgmlType::kQ1_0},
      {.logits_needed = 1});
  EXPECT_EQ(blocks.screening.positions, 0u);
}

}  // namespace
}  // namespace bitnet

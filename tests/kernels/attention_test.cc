#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/math/math.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

struct AttentionProblem {
  size_t head_dim, num_keys, block_tokens;
  std::vector<float> query;   // [head_dim]
  std::vector<float> keys;    // [num_keys, head_dim]
  std::vector<float> values;  // [num_keys, head_dim]
  float scale;
  size_t head_offset = 0;
  size_t offset = 0;  // Misalignment of every operand, in elements.
};

AttentionProblem RandomProblem(size_t head_dim, size_t num_keys, size_t block_tokens, std::mt19937& rng) {
  AttentionProblem p = {.head_dim = head_dim,
                        .num_keys = num_keys,
                        .block_tokens = block_tokens,
                        .query = std::vector<float>(head_dim),
                        .keys = std::vector<float>(num_keys * head_dim),
                        .values = std::vector<float>(num_keys * head_dim),
                        .scale = 1.0f / std::sqrt(static_cast<float>(head_dim))};
  std::normal_distribution<float> real;
  for (auto* part : {&p.query, &p.keys, &p.values}) {
    for (float& v : *part) v = real(rng);
  }
  return p;
}

float Fold(float (&lane)[16]) {
  for (size_t j = 0; j < 8; ++j) lane[j] += lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] += lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] += lane[j + 2];
  return lane[0] + lane[1];
}

// The documented definition, literally. SoftmaxExp() has a test of its own.
std::vector<float> AttendByDefinition(const AttentionProblem& p) {
  std::vector<float> scores;
  for (size_t t = 0; t < p.num_keys; ++t) {
    float lane[16] = {};
    for (size_t i = 0; i < (p.head_dim + 15) / 16 * 16; ++i) {
      const bool present = i < p.head_dim;
      lane[i % 16] =
          std::fma(present ? p.query[i] : 0, present ? p.keys[t * p.head_dim + i] : 0, lane[i % 16]);
    }
    scores.push_back(Fold(lane) * p.scale);
  }
  const float max = *std::ranges::max_element(scores);
  float lane[16] = {};
  for (size_t t = 0; t < p.num_keys; ++t) {
    scores[t] = SoftmaxExp(scores[t] - max);
    lane[t % 16] += scores[t];
  }
  const float inv = 1.0f / Fold(lane);
  std::vector<float> out;
  for (size_t d = 0; d < p.head_dim; ++d) {
    float sum = 0;
    for (size_t t = 0; t < p.num_keys; ++t) sum = std::fma(scores[t], p.values[t * p.head_dim + d], sum);
    out.push_back(sum * inv);
  }
  return out;
}

// Keys or values in guarded blocks of their own, poisoned wherever the sequence has nothing.
class Blocks {
 public:
  Blocks(const AttentionProblem& p, const std::vector<float>& rows) {
    for (size_t t0 = 0; t0 < p.num_keys; t0 += p.block_tokens) {
      Guarded<float> block(p.head_offset + p.block_tokens * p.head_dim, kNaN, p.offset);
      const size_t end = std::min(p.num_keys, t0 + p.block_tokens);
      std::copy(rows.begin() + static_cast<ptrdiff_t>(t0 * p.head_dim),
                rows.begin() + static_cast<ptrdiff_t>(end * p.head_dim), block.data() + p.head_offset);
      blocks_.push_back(std::move(block));
    }
    for (const auto& block : blocks_) pointers_.push_back(block.data());
  }

  const float* const* pointers() const { return pointers_.data(); }

 private:
  std::vector<Guarded<float>> blocks_;
  std::vector<const float*> pointers_;
};

class AttentionTest : public testing::TestWithParam<AttentionKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const AttentionProblem& p) {
    SCOPED_TRACE(testing::Message() << "head_dim " << p.head_dim << ", " << p.num_keys << " keys, blocks of "
                                    << p.block_tokens << ", offset " << p.offset);
    const Blocks keys(p, p.keys);
    const Blocks values(p, p.values);
    Guarded<float> query(p.head_dim, kNaN, p.offset);
    std::ranges::copy(p.query, query.data());
    Guarded<float> scores((p.num_keys + 15) / 16 * 16, kNaN, p.offset);
    Guarded<float> out(p.head_dim, 77.0f, p.offset);
    GetParam().run({.head_dim = p.head_dim,
                    .num_keys = p.num_keys,
                    .block_tokens = p.block_tokens,
                    .key_blocks = keys.pointers(),
                    .value_blocks = values.pointers(),
                    .head_offset = p.head_offset,
                    .query = query.data(),
                    .scale = p.scale,
                    .scores = scores.data(),
                    .out = out.data()});
    const std::vector<float> expected = AttendByDefinition(p);
    for (size_t d = 0; d < p.head_dim; ++d) {
      ASSERT_TRUE(SameBits(out[d], expected[d])) << "out[" << d << "]: " << out[d] << ", not " << expected[d];
    }
    scores.ExpectGuardsIntact();
    out.ExpectGuardsIntact();
  }
};

TEST_P(AttentionTest, MatchesReferenceForAnyNumberOfKeys) {
  std::mt19937 rng(1);
  for (size_t num_keys = 1; num_keys <= 70; ++num_keys) {
    for (size_t block_tokens : {16, 32})
      ExpectMatchesReference(RandomProblem(20, num_keys, block_tokens, rng));
  }
}

TEST_P(AttentionTest, MatchesReferenceForAnyHeadDim) {
  std::mt19937 rng(2);
  for (size_t head_dim = 4; head_dim <= 256; head_dim += 4) {
    ExpectMatchesReference(RandomProblem(head_dim, 37, 16, rng));
  }
}

TEST_P(AttentionTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(3);
  for (size_t head_dim : {64, 100, 128}) ExpectMatchesReference(RandomProblem(head_dim, 1000, 32, rng));
}

TEST_P(AttentionTest, MatchesReferenceAtAnyMisalignmentAndHeadOffset) {
  std::mt19937 rng(4);
  for (size_t offset = 0; offset <= 16; ++offset) {
    AttentionProblem p = RandomProblem(44, 21, 16, rng);
    p.offset = offset;
    p.head_offset = offset * 44 * 16;
    ExpectMatchesReference(p);
  }
}

TEST_P(AttentionTest, MatchesReferenceForExtremeScores) {
  std::mt19937 rng(5);
  // From all weights equal, over weights that vanish below e^-87.3, to a single key that takes all.
  for (float scale : {0.0f, 1e-40f, 10.0f, 50.0f, 1e20f}) {
    for (size_t num_keys : {1, 15, 33}) {
      AttentionProblem p = RandomProblem(36, num_keys, 16, rng);
      p.scale = scale;
      ExpectMatchesReference(p);
    }
  }
}

TEST_P(AttentionTest, MatchesReferenceForVanishingProducts) {
  std::mt19937 rng(6);
  AttentionProblem p = RandomProblem(20, 19, 16, rng);
  // Every product of the scores, and some of the values', underflows to -0.
  p.query.assign(p.query.size(), 1e-40f);
  p.keys.assign(p.keys.size(), -1e-40f);
  for (float& v : p.values) v = -std::fabs(v) * 1e-44f;
  ExpectMatchesReference(p);
}

INSTANTIATE_TEST_SUITE_P(AllKernels, AttentionTest, testing::ValuesIn(AttentionKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

// Against double precision: the definition is not only the same everywhere, it is attention.
TEST(AttentionDefinitionTest, IsCloseToDoublePrecision) {
  std::mt19937 rng(7);
  for (size_t num_keys : {1, 5, 300}) {
    const AttentionProblem p = RandomProblem(100, num_keys, 16, rng);
    std::vector<double> weights(num_keys);
    double sum = 0;
    for (size_t t = 0; t < num_keys; ++t) {
      double dot = 0;
      for (size_t d = 0; d < p.head_dim; ++d) dot += double{p.query[d]} * p.keys[t * p.head_dim + d];
      weights[t] = std::exp(dot * p.scale);
      sum += weights[t];
    }
    const std::vector<float> got = AttendByDefinition(p);
    // A score errs by at most (100/16 + 5) * 2^-24 of the sum of |products| (64 on average for 100 of unit
    // variance, here below 128), times the scale 1/10: 9e-6, which is the relative error of a weight. A value
    // chain adds num_keys * 2^-24. Values are below 6.
    const double tolerance = 6 * (2 * 9e-6 + static_cast<double>(num_keys) * 0x1p-24);
    for (size_t d = 0; d < p.head_dim; ++d) {
      double expected = 0;
      for (size_t t = 0; t < num_keys; ++t) expected += weights[t] / sum * p.values[t * p.head_dim + d];
      EXPECT_NEAR(got[d], expected, tolerance);
    }
  }
}

}  // namespace
}  // namespace bitnet

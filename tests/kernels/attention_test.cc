#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/math/math.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/kv_tiles.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

struct ChunkShape {
  KvType type = KvType::kF16;
  size_t head_dim = 20;
  size_t num_keys = 37;  // Of the first token.
  size_t num_tokens = 1;
  size_t group = 4;
  size_t offset = 0;  // Misalignment of every operand, in floats.

  size_t num_keys_of(size_t token) const { return std::min<size_t>(num_keys + token, 256); }
};

struct ChunkProblem : ChunkShape {
  ChunkProblem(const ChunkShape& shape, std::mt19937& rng)
      : ChunkShape(shape),
        keys(RandomKvRows(type, num_keys_of(num_tokens - 1), head_dim, rng)),
        values(RandomKvRows(type, num_keys_of(num_tokens - 1), head_dim, rng)),
        query(num_tokens * group * head_dim),
        scale(1.0f / std::sqrt(static_cast<float>(head_dim))) {
    std::normal_distribution<float> real;
    for (float& q : query) q = real(rng);
  }

  KvRows keys, values;
  std::vector<float> query;  // [num_tokens, group, head_dim]
  float scale;
};

struct Partial {
  float max, total;
  std::vector<float> sums;
};

float Fold(float (&lane)[16]) {
  for (size_t j = 0; j < 8; ++j) lane[j] += lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] += lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] += lane[j + 2];
  return lane[0] + lane[1];
}

// The documented definition, literally. SoftmaxExp() has a test of its own.
Partial AttendByDefinition(const ChunkProblem& p, const float* query, size_t num_keys) {
  std::vector<float> scores;
  for (size_t t = 0; t < num_keys; ++t) {
    float dot = 0;
    for (size_t d = 0; d < p.head_dim; ++d) {
      dot = std::fma(query[d], p.keys.elements[t * p.head_dim + d], dot);
    }
    scores.push_back(dot * p.keys.scales[t] * p.scale);
  }
  const float max = *std::ranges::max_element(scores);
  float lane[16] = {};
  std::vector<float> sums(p.head_dim, 0.0f);
  for (size_t t = 0; t < num_keys; ++t) {
    const float weight = SoftmaxExp(scores[t] - max);
    lane[t % 16] += weight;
    for (size_t d = 0; d < p.head_dim; ++d) {
      sums[d] = std::fma(weight * p.values.scales[t], p.values.elements[t * p.head_dim + d], sums[d]);
    }
  }
  return {.max = max, .total = Fold(lane), .sums = sums};
}

std::vector<float> JoinByDefinition(const std::vector<Partial>& chunks) {
  float max = chunks[0].max;
  for (const Partial& chunk : chunks) max = std::max(max, chunk.max);
  float total = 0;
  std::vector<float> out(chunks[0].sums.size(), 0.0f);
  for (const Partial& chunk : chunks) {
    const float weight = SoftmaxExp(chunk.max - max);
    total = std::fma(weight, chunk.total, total);
    for (size_t d = 0; d < out.size(); ++d) out[d] = std::fma(weight, chunk.sums[d], out[d]);
  }
  for (float& v : out) v *= 1.0f / total;
  return out;
}

class AttentionTest : public testing::TestWithParam<AttentionKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const ChunkProblem& p) {
    SCOPED_TRACE(testing::Message() << NameOf(p.type) << ", head_dim " << p.head_dim << ", " << p.num_keys
                                    << " keys, " << p.num_tokens << " tokens, group " << p.group
                                    << ", offset " << p.offset);
    const KvBlocks blocks(p.type, p.head_dim, p.keys, p.values, p.offset);
    const size_t rows = p.num_tokens * p.group;
    const size_t token_stride = p.group * p.head_dim + 3;
    const size_t partial_stride = PartialSize(p.head_dim) + 5;
    Guarded<float> query(p.num_tokens * token_stride, kNaN, p.offset);
    for (size_t i = 0; i < p.num_tokens; ++i) {
      std::copy_n(p.query.data() + i * p.group * p.head_dim, p.group * p.head_dim,
                  query.data() + i * token_stride);
    }
    Guarded<float> scores(rows * kAttentionChunk, kNaN, p.offset);
    Guarded<float> partials(rows * partial_stride, kNaN, p.offset);
    GetParam().run({.type = p.type,
                    .head_dim = p.head_dim,
                    .num_tokens = p.num_tokens,
                    .group = p.group,
                    .num_keys = p.num_keys,
                    .blocks = blocks.pointers(),
                    .tile_offset = blocks.tile_offset(),
                    .query = query.data(),
                    .token_stride = token_stride,
                    .scale = p.scale,
                    .scores = scores.data(),
                    .partials = partials.data(),
                    .partial_stride = partial_stride});
    for (size_t row = 0; row < rows; ++row) {
      const Partial expected =
          AttendByDefinition(p, p.query.data() + row * p.head_dim, p.num_keys_of(row / p.group));
      const float* partial = partials.data() + row * partial_stride;
      ASSERT_EQ(partial[0], expected.max);  // A zero of either sign.
      ASSERT_TRUE(SameBits(partial[1], expected.total)) << partial[1] << ", not " << expected.total;
      for (size_t d = 0; d < p.head_dim; ++d) {
        ASSERT_TRUE(SameBits(partial[kPartialHeader + d], expected.sums[d]))
            << "row " << row << ", sum " << d << ": " << partial[kPartialHeader + d] << ", not "
            << expected.sums[d];
      }
    }
    scores.ExpectGuardsIntact();
    partials.ExpectGuardsIntact(rows, PartialSize(p.head_dim), partial_stride);
  }

  static void ExpectMatchesReferenceForEveryType(ChunkShape shape, std::mt19937& rng) {
    for (KvType type : kKvTypes) {
      shape.type = type;
      ExpectMatchesReference(ChunkProblem(shape, rng));
    }
  }
};

TEST_P(AttentionTest, MatchesReferenceForAnyNumberOfKeys) {
  std::mt19937 rng(1);
  for (size_t num_keys = 1; num_keys <= 70; ++num_keys) {
    ExpectMatchesReferenceForEveryType({.num_keys = num_keys}, rng);
  }
  for (size_t num_keys : {127, 128, 239, 240, 241, 255, 256}) {
    ExpectMatchesReferenceForEveryType({.num_keys = num_keys}, rng);
  }
}

TEST_P(AttentionTest, MatchesReferenceForAnyHeadDim) {
  std::mt19937 rng(2);
  for (size_t head_dim = 1; head_dim <= 40; ++head_dim) {
    ExpectMatchesReferenceForEveryType({.head_dim = head_dim}, rng);
  }
  for (size_t head_dim = 44; head_dim <= 256; head_dim += 4) {
    ExpectMatchesReferenceForEveryType({.head_dim = head_dim}, rng);
  }
}

TEST_P(AttentionTest, MatchesReferenceForAnyGroup) {
  std::mt19937 rng(3);
  for (size_t group = 1; group <= 20; ++group) ExpectMatchesReferenceForEveryType({.group = group}, rng);
}

// Of several tokens each sees a key more than the one before, across the ends of tiles and up to the chunk's.
TEST_P(AttentionTest, MatchesReferenceForTokensThatFollowEachOther) {
  std::mt19937 rng(4);
  for (size_t num_tokens : {2, 3, 4, 16, 20}) {
    for (size_t group : {1, 2, 4, 5, 8}) {
      for (size_t num_keys : {1, 12, 15, 16, 17, 240, 250, 255, 256}) {
        ExpectMatchesReferenceForEveryType({.num_keys = num_keys, .num_tokens = num_tokens, .group = group},
                                           rng);
      }
    }
  }
}

TEST_P(AttentionTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(5);
  for (size_t head_dim : {64, 100, 128}) {
    for (size_t group : {1, 2, 4, 5, 8}) {
      for (size_t num_keys : {200, 256}) {
        ExpectMatchesReferenceForEveryType({.head_dim = head_dim, .num_keys = num_keys, .group = group}, rng);
      }
    }
  }
}

TEST_P(AttentionTest, MatchesReferenceAtAnyMisalignment) {
  std::mt19937 rng(6);
  for (size_t offset = 0; offset <= 16; ++offset) {
    ExpectMatchesReferenceForEveryType({.head_dim = 44, .offset = offset}, rng);
  }
}

TEST_P(AttentionTest, MatchesReferenceForExtremeScores) {
  std::mt19937 rng(7);
  // From all weights equal, over weights that vanish below e^-87.3, to a single key that takes all.
  for (float scale : {0.0f, 1e-40f, 10.0f, 50.0f, 1e20f}) {
    for (size_t num_keys : {1, 15, 33}) {
      for (KvType type : kKvTypes) {
        ChunkProblem p({.type = type, .num_keys = num_keys}, rng);
        p.scale = scale;
        ExpectMatchesReference(p);
      }
    }
  }
}

TEST_P(AttentionTest, MatchesReferenceForVanishingProducts) {
  std::mt19937 rng(8);
  for (KvType type : kKvTypes) {
    ChunkProblem p({.type = type, .num_keys = 19}, rng);
    // Every product of the scores underflows, to -0 or +0.
    p.query.assign(p.query.size(), -1e-44f);
    ExpectMatchesReference(p);
  }
}

TEST_P(AttentionTest, JoinsChunksAsTheReference) {
  std::mt19937 rng(9);
  std::normal_distribution<float> real;
  for (size_t num_chunks : {1, 2, 3, 16, 40}) {
    for (size_t head_dim : {1, 4, 20, 64, 100, 128, 136}) {
      const size_t offset = num_chunks + head_dim / 4;
      const size_t stride = PartialSize(head_dim) + 7;
      std::vector<Partial> chunks;
      Guarded<float> partials(num_chunks * stride, kNaN, offset);
      for (size_t c = 0; c < num_chunks; ++c) {
        // Maxima so far apart that some chunks vanish.
        Partial chunk = {.max = real(rng) * 40, .total = std::fabs(real(rng)) + 1, .sums = {}};
        for (size_t d = 0; d < head_dim; ++d) chunk.sums.push_back(real(rng));
        partials[c * stride] = chunk.max;
        partials[c * stride + 1] = chunk.total;
        std::ranges::copy(chunk.sums, partials.data() + c * stride + kPartialHeader);
        chunks.push_back(chunk);
      }
      Guarded<float> out(head_dim, 77.0f, offset);
      GetParam().join(head_dim, num_chunks, partials.data(), stride, out.data());
      const std::vector<float> expected = JoinByDefinition(chunks);
      for (size_t d = 0; d < head_dim; ++d) {
        ASSERT_TRUE(SameBits(out[d], expected[d]))
            << num_chunks << " chunks, out[" << d << "]: " << out[d] << ", not " << expected[d];
      }
      out.ExpectGuardsIntact();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, AttentionTest, testing::ValuesIn(AttentionKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

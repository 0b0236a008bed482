// Against double precision: the definition of attention is not only the same everywhere, it is attention.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/attention/attention.h"
#include "tests/kernels/kv_tiles.h"

namespace bitnet {
namespace {

constexpr size_t kHeadDim = 100;

struct Sequence {
  KvRows keys, values;
  std::vector<float> query;  // [kHeadDim]
  double scale = 0.1;        // 1 / sqrt(kHeadDim)
};

// Key or value t, element d, as the tile's elements and scales say.
double Element(const KvRows& rows, size_t t, size_t d) {
  return double{rows.elements[t * kHeadDim + d]} * rows.scales[t];
}

KvRows Slice(const KvRows& rows, size_t begin, size_t end) {
  const auto part = [](const auto& all, size_t from, size_t to) {
    return std::vector(all.begin() + static_cast<ptrdiff_t>(from), all.begin() + static_cast<ptrdiff_t>(to));
  };
  return {.bits = part(rows.bits, begin * kHeadDim, end * kHeadDim),
          .elements = part(rows.elements, begin * kHeadDim, end * kHeadDim),
          .scales = part(rows.scales, begin, end)};
}

// Chunk after chunk, and joined.
std::vector<float> Attend(KvType type, const Sequence& s) {
  const AttentionKernel& kernel = SelectAttention(DetectCpuFeatures());
  const size_t num_keys = s.keys.scales.size();
  const size_t num_chunks = (num_keys + kAttentionChunk - 1) / kAttentionChunk;
  std::vector<float> partials(num_chunks * PartialSize(kHeadDim));
  std::vector<float> scores(kAttentionChunk);
  for (size_t c = 0; c < num_chunks; ++c) {
    const size_t begin = c * kAttentionChunk;
    const size_t end = std::min(num_keys, begin + kAttentionChunk);
    const KvBlocks blocks(type, kHeadDim, Slice(s.keys, begin, end), Slice(s.values, begin, end), 0);
    kernel.run({.type = type,
                .head_dim = kHeadDim,
                .num_tokens = 1,
                .group = 1,
                .num_keys = end - begin,
                .blocks = blocks.pointers(),
                .tile_offset = blocks.tile_offset(),
                .query = s.query.data(),
                .token_stride = kHeadDim,
                .scale = static_cast<float>(s.scale),
                .scores = scores.data(),
                .partials = partials.data() + c * PartialSize(kHeadDim),
                .partial_stride = PartialSize(kHeadDim)});
  }
  std::vector<float> out(kHeadDim);
  kernel.join(kHeadDim, num_chunks, partials.data(), PartialSize(kHeadDim), out.data());
  return out;
}

class AttentionAccuracyTest : public testing::TestWithParam<KvType> {};

TEST_P(AttentionAccuracyTest, IsCloseToDoublePrecision) {
  std::mt19937 rng(7);
  std::normal_distribution<float> real;
  for (size_t num_keys : {1, 5, 256, 257, 700}) {
    Sequence s = {.keys = RandomKvRows(GetParam(), num_keys, kHeadDim, rng),
                  .values = RandomKvRows(GetParam(), num_keys, kHeadDim, rng),
                  .query = std::vector<float>(kHeadDim)};
    for (float& q : s.query) q = real(rng);

    std::vector<double> weights(num_keys);
    double sum = 0;
    double largest_products = 0;  // Sum of |products| of any score.
    double largest_value = 0;
    for (size_t t = 0; t < num_keys; ++t) {
      double dot = 0;
      double products = 0;
      for (size_t d = 0; d < kHeadDim; ++d) {
        dot += s.query[d] * Element(s.keys, t, d);
        products += std::abs(s.query[d] * Element(s.keys, t, d));
        largest_value = std::max(largest_value, std::abs(Element(s.values, t, d)));
      }
      largest_products = std::max(largest_products, products);
      weights[t] = std::exp(dot * s.scale);
      sum += weights[t];
    }
    // In units of 2^-24. A score errs by at most kHeadDim + 2 (the chain, two scales) + 1 (`scale` itself) of
    // the sum of |products| times the scale; the maximum is subtracted with half a unit of what is below
    // twice that; e^x turns the error of x into a relative one and adds 2. So much a weight is off, and the
    // total of them too. A chain of values adds num_keys, joining and dividing 5, a value's scale 1.
    const double score = s.scale * largest_products;
    const double weight = ((kHeadDim + 3) * score + 2 * score + 2) * 0x1p-24;
    const double tolerance = largest_value * (2 * weight + static_cast<double>(num_keys + 6) * 0x1p-24);
    const std::vector<float> got = Attend(GetParam(), s);
    for (size_t d = 0; d < kHeadDim; ++d) {
      double expected = 0;
      for (size_t t = 0; t < num_keys; ++t) expected += weights[t] / sum * Element(s.values, t, d);
      EXPECT_NEAR(got[d], expected, tolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, AttentionAccuracyTest, testing::ValuesIn(kKvTypes),
                         [](const auto& type) { return NameOf(type.param); });

}  // namespace
}  // namespace bitnet

// The arithmetic of adapters against its definition, written down once more and slowly.
#include "engine/adapters/adapter_layer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu_features.h"

namespace bitnet {
namespace {

constexpr size_t kMaxTokens = 40;
constexpr size_t kHidden = 37;  // No multiple of anything.
constexpr size_t kRows[] = {150, 33, 1};
constexpr ProjectionKind kKinds[] = {ProjectionKind::kQuery, ProjectionKind::kKey, ProjectionKind::kValue};

std::vector<float> RandomFloats(size_t n, std::mt19937& rng) {
  std::vector<float> values(n);
  for (float& value : values) {
    value = static_cast<float>(rng()) * 0x1p-31f - 1;
  }
  return values;
}

Adapter RandomAdapter(const std::vector<size_t>& ranks, std::mt19937& rng) {
  Adapter adapter(2);
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] > 0) {
      LowRankPair pair;
      pair.rank = ranks[i];
      pair.scale = 0.7f;
      pair.a = RandomFloats(ranks[i] * kHidden, rng);
      pair.b = RandomFloats(kRows[i] * ranks[i], rng);
      adapter.Set(1, kKinds[i], std::move(pair));
    }
  }
  return adapter;
}

// 16 interleaved lanes, folded by halves.
float Dot(const float* w, const float* x, size_t n) {
  std::vector<float> lanes(16, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    lanes[i % 16] = std::fma(w[i], x[i], lanes[i % 16]);
  }
  while (lanes.size() > 1) {
    const size_t half = lanes.size() / 2;
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
    lanes.resize(half);
  }
  return lanes[0];
}

// What one token's output becomes.
void Reference(std::span<const ActiveAdapter> adapters, ProjectionKind kind, const float* x,
               std::span<float> y) {
  for (const ActiveAdapter& active : adapters) {
    if (const LowRankPair* pair = active.adapter->Find(1, kind)) {
      std::vector<float> h(pair->rank);
      const float scale = active.scale * pair->scale;
      for (size_t r = 0; r < pair->rank; ++r) {
        h[r] = Dot(pair->a.data() + r * kHidden, x, kHidden) * scale;
      }
      for (size_t row = 0; row < y.size(); ++row) {
        y[row] += Dot(pair->b.data() + row * pair->rank, h.data(), pair->rank);
      }
    }
  }
}

class AdapterLayerTest : public testing::Test {
 protected:
  AdapterLayerTest()
      : first_(RandomAdapter({5, 16, 3}, rng_)),
        second_(RandomAdapter({0, 33, 1}, rng_)),
        both_{{&first_, 0.5f}, {&second_, -2}},
        one_{{&second_, 1}} {}

  // Runs a batch and compares every output with the reference, and what is beyond the rows with what it was.
  void ExpectMatches(const std::vector<std::span<const ActiveAdapter>>& lists, FloatGemm* gemm, int threads) {
    ThreadPool pool(threads);
    AdapterLayer layer(gemm, kMaxTokens, &pool);
    constexpr size_t kStrideX = kHidden + 3;
    const std::vector<float> x = RandomFloats(lists.size() * kStrideX, rng_);
    std::vector<std::vector<float>> y, wanted;
    std::vector<AdapterLayer::Output> outputs;
    for (size_t i = 0; i < 3; ++i) {
      y.push_back(RandomFloats(lists.size() * (kRows[i] + 2), rng_));
      outputs.push_back({kKinds[i], y[i].data(), kRows[i] + 2});
    }
    wanted = y;
    layer.BeginStep();
    for (size_t b = 0; b < lists.size(); ++b) {
      layer.AddToken(lists[b]);
      for (size_t i = 0; i < 3; ++i) {
        Reference(lists[b], kKinds[i], x.data() + b * kStrideX,
                  std::span(wanted[i]).subspan(b * (kRows[i] + 2), kRows[i]));
      }
    }
    layer.Run(1, x.data(), kStrideX, outputs);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(y[i], wanted[i]) << "output " << i << ", " << lists.size() << " tokens, " << threads
                                 << " threads";
    }
  }

  std::mt19937 rng_{1};
  const Adapter first_, second_;
  const std::vector<ActiveAdapter> both_, one_;
};

TEST_F(AdapterLayerTest, MatchesTheDefinitionInAnyBatchOnAnyNumberOfThreads) {
  const std::span<const ActiveAdapter> none;
  for (const FloatGemmKernel& kernel : FloatGemmKernels()) {
    if (!Covers(DetectCpuFeatures(), kernel.needs)) {
      continue;
    }
    for (const int threads : {1, 2, 3}) {
      SCOPED_TRACE(kernel.name);
      ExpectMatches({both_}, kernel.run, threads);
      ExpectMatches({one_, none, both_, both_, none, one_}, kernel.run, threads);
      ExpectMatches(std::vector<std::span<const ActiveAdapter>>(kMaxTokens, both_), kernel.run, threads);
    }
  }
}

TEST_F(AdapterLayerTest, LeavesLayersAloneThatTheAdapterDoesNotChange) {
  ThreadPool pool(1);
  AdapterLayer layer(FloatGemmPortable, 1, &pool);
  layer.BeginStep();
  layer.AddToken(both_);
  const std::vector<float> x(kHidden, 1);
  std::vector<float> y(kRows[0], 3);
  const AdapterLayer::Output outputs[] = {{ProjectionKind::kQuery, y.data(), kRows[0]}};
  layer.Run(0, x.data(), kHidden, outputs);
  EXPECT_EQ(y, std::vector<float>(kRows[0], 3));
  layer.Run(1, x.data(), kHidden, outputs);
  EXPECT_NE(y, std::vector<float>(kRows[0], 3));
}

TEST_F(AdapterLayerTest, ForgetsTheTokensOfTheLastStep) {
  ThreadPool pool(1);
  AdapterLayer layer(FloatGemmPortable, 1, &pool);
  layer.BeginStep();
  layer.AddToken(both_);
  layer.BeginStep();
  layer.AddToken({});
  const std::vector<float> x(kHidden, 1);
  std::vector<float> y(kRows[0], 3);
  const AdapterLayer::Output outputs[] = {{ProjectionKind::kQuery, y.data(), kRows[0]}};
  layer.Run(1, x.data(), kHidden, outputs);
  EXPECT_EQ(y, std::vector<float>(kRows[0], 3));
}

TEST_F(AdapterLayerTest, TakesTheHighestRank) {
  std::mt19937 rng(2);
  const Adapter wide = RandomAdapter({kMaxAdapterRank}, rng);
  const std::vector<ActiveAdapter> list = {{&wide, 1}};
  ExpectMatches({list, list, list}, FloatGemmPortable, 2);
}

}  // namespace
}  // namespace bitnet

// Norms of the heads of queries and keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/metal/arguments.h"
#include "kernels/rms_norm/rms_norm.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

constexpr float kEps = 1e-6f;

struct Shape {
  uint32_t head_dim, num_heads, num_kv_heads, tokens;
};

// Heads of tokens, with gaps of NaN behind each token's.
struct Heads {
  uint32_t stride;
  std::vector<float> x;       // [tokens, stride]
  std::vector<float> weight;  // [head_dim]
};

Heads MakeHeads(uint32_t head_dim, uint32_t heads, uint32_t tokens, std::mt19937& rng) {
  Heads made = {.stride = heads * head_dim + 3, .x = {}, .weight = RandomFloats(head_dim, -2, 2, rng)};
  made.x.assign(tokens * made.stride, kNaN);
  for (uint32_t token = 0; token < tokens; ++token) {
    const std::vector<float> row = RandomMagnitudes(heads * head_dim, rng);
    std::ranges::copy(row, made.x.begin() + token * made.stride);
  }
  return made;
}

std::vector<float> NormOnCpu(const Heads& heads, uint32_t head_dim, uint32_t num_heads, uint32_t tokens) {
  std::vector<float> x = heads.x;
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t h = 0; h < num_heads; ++h) {
      float* head = x.data() + token * heads.stride + h * head_dim;
      RmsNormPortable(head_dim, head, heads.weight.data(), kEps, head);
    }
  }
  return x;
}

class NormHeadsMetalTest : public testing::Test {
 protected:
  void ExpectEqualNorms(const Shape& shape, const Heads& query, const Heads& key) {
    SCOPED_TRACE(testing::Message() << "head_dim " << shape.head_dim << ", " << shape.num_heads << " and "
                                    << shape.num_kv_heads << " heads, " << shape.tokens << " tokens");
    emulation::Buffer device_query = DeviceCopy(query.x), device_key = DeviceCopy(key.x),
                      query_weight = DeviceCopy(query.weight), key_weight = DeviceCopy(key.weight),
                      args = DeviceStruct(gpu::HeadNormArguments{.head_dim = shape.head_dim,
                                                                 .num_heads = shape.num_heads,
                                                                 .query_stride = query.stride,
                                                                 .kv_stride = key.stride,
                                                                 .eps = kEps});
    const emulation::Argument operands[] = {Operand("query", device_query), Operand("key", device_key),
                                            Operand("query_weight", query_weight),
                                            Operand("key_weight", key_weight), Operand("arguments", args)};
    RunMetal("norm_heads", {.threadgroups = {shape.num_heads + shape.num_kv_heads, shape.tokens, 1}},
             operands);
    ExpectEqual<float>(device_query.As<float>(),
                       NormOnCpu(query, shape.head_dim, shape.num_heads, shape.tokens), queries_);
    ExpectEqual<float>(device_key.As<float>(),
                       NormOnCpu(key, shape.head_dim, shape.num_kv_heads, shape.tokens), keys_);
  }
  void ExpectEqualNorms(const Shape& shape) {
    const Heads query = MakeHeads(shape.head_dim, shape.num_heads, shape.tokens, rng_);
    const Heads key = MakeHeads(shape.head_dim, shape.num_kv_heads, shape.tokens, rng_);
    ExpectEqualNorms(shape, query, key);
  }

  std::mt19937 rng_{1};
  EqualityCount queries_{"norm_heads, queries"}, keys_{"norm_heads, keys"};
};

TEST_F(NormHeadsMetalTest, EqualsTheCpuForAnyLengthOfHeads) {
  for (uint32_t head_dim = 1; head_dim <= 70; ++head_dim) ExpectEqualNorms({head_dim, 2, 1, 1});
  for (uint32_t head_dim : {80, 96, 100, 127, 128, 129, 160, 192, 255, 256, 512}) {
    ExpectEqualNorms({head_dim, 2, 1, 1});
  }
}

TEST_F(NormHeadsMetalTest, EqualsTheCpuForAnyNumberOfHeadsAndTokens) {
  for (uint32_t heads : {1, 2, 3, 8}) {
    for (uint32_t kv_heads : {1, 2, 8}) {
      for (uint32_t tokens : {1, 2, 7}) ExpectEqualNorms({64, heads, kv_heads, tokens});
    }
  }
  // Qwen3's: 0.6B to 8B.
  ExpectEqualNorms({128, 16, 8, 3});
  ExpectEqualNorms({128, 32, 8, 2});
}

TEST_F(NormHeadsMetalTest, HoldsExtremes) {
  // Squares that overflow, that are lost beside the epsilon, that underflow to lanes of +0 and of -0's
  // neighbours; and a head of zeros of both signs.
  for (const float value : {3e38f, 1e25f, 1.5e19f, 1e-4f, 1e-12f, 1e-20f, 1e-30f, 0.0f, -0.0f}) {
    for (uint32_t head_dim : {17u, 64u, 128u}) {
      const Shape shape = {head_dim, 1, 1, 1};
      Heads query = MakeHeads(head_dim, 1, 1, rng_);
      Heads key = query;
      std::fill_n(query.x.begin(), head_dim, value);
      // One among usual ones.
      key.x[head_dim / 2] = value;
      ExpectEqualNorms(shape, query, key);
    }
  }
}

}  // namespace
}  // namespace bitnet

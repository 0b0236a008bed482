// RoPE, the cache of keys and values, and attention over it.
#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/elementwise/elementwise.h"
#include "kernels/math/math.h"
#include "kernels/metal/arguments.h"
#include "tests/kernels/kv_tiles.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

constexpr size_t kLayers = 2;  // Of which the second is used.

struct Shape {
  KvType type;
  size_t head_dim, num_heads, num_kv_heads;
  bool neighbours = false;  // RoPE's pairs.
};

struct Token {
  size_t sequence, position;
};

// Sequences whose keys and values up to some position lie in a cache, in blocks in no order, and the tokens
// of a batch that go on with them.
class Batch {
 public:
  Batch(const Shape& shape, const std::vector<size_t>& lengths, const std::vector<Token>& tokens,
        std::mt19937& rng)
      : shape_(shape), tokens_(tokens), rng_(rng) {
    size_t longest = 0;
    for (size_t length : lengths) {
      longest = std::max(longest, length);
      table_begins_.push_back(tables_.size());
      tables_.resize(tables_.size() + (length + 15) / 16);
    }
    for (size_t i = 0; i < tables_.size(); ++i) tables_[i] = static_cast<uint32_t>(i);
    std::shuffle(tables_.begin(), tables_.end(), rng);
    cosines = RandomFloats(longest * shape.head_dim / 2, -1, 1, rng);
    sines = RandomFloats(longest * shape.head_dim / 2, -1, 1, rng);
    // Large enough for scores whose exponentials are far apart.
    query = RandomFloats(tokens.size() * query_stride(), -30, 30, rng);
    key = RandomFloats(tokens.size() * kv_stride(), -1, 1, rng);
    value = RandomFloats(tokens.size() * kv_stride(), -1, 1, rng);
    cache.assign(tables_.size() * block_bytes(), std::byte{0xff});
    for (size_t s = 0; s < lengths.size(); ++s) FillSequence(s, lengths[s]);
  }

  // What RoPE and StoreKv make of the batch.
  void RotateAndStoreOnCpu() {
    const auto turn = shape_.neighbours ? RotatePairs : RotateHalves;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const float* cos = cosines.data() + tokens_[i].position * shape_.head_dim / 2;
      const float* sin = sines.data() + tokens_[i].position * shape_.head_dim / 2;
      for (size_t h = 0; h < shape_.num_heads; ++h) {
        turn(shape_.head_dim, cos, sin, query.data() + i * query_stride() + h * shape_.head_dim);
      }
      for (size_t h = 0; h < shape_.num_kv_heads; ++h) {
        float* head = key.data() + i * kv_stride() + h * shape_.head_dim;
        turn(shape_.head_dim, cos, sin, head);
        StoreKv(shape_.type, shape_.head_dim, head, value.data() + i * kv_stride() + h * shape_.head_dim,
                tokens_[i].position % 16, Tile(tokens_[i].sequence, tokens_[i].position, h));
      }
    }
  }

  // [tokens, heads, chunks, partial size]; NaN where a token has no such chunk.
  std::vector<float> AttendOnCpu() {
    std::vector<float> partials(tokens_.size() * shape_.num_heads * num_chunks() * partial_size(), kNaN);
    std::vector<float> scores(kAttentionChunk);
    for (size_t i = 0; i < tokens_.size(); ++i) {
      for (size_t h = 0; h < shape_.num_heads; ++h) {
        for (size_t c = 0; c * kAttentionChunk <= tokens_[i].position; ++c) {
          AttendRow(i, h, c, scores.data(), partials.data() + PartialAt(i, h, c));
        }
      }
    }
    return partials;
  }

  std::vector<float> JoinOnCpu(std::vector<float> partials) const {
    std::vector<float> out(tokens_.size() * shape_.num_heads * shape_.head_dim);
    for (size_t i = 0; i < tokens_.size(); ++i) {
      for (size_t h = 0; h < shape_.num_heads; ++h) {
        JoinChunksPortable(shape_.head_dim, tokens_[i].position / kAttentionChunk + 1,
                           partials.data() + PartialAt(i, h, 0), partial_size(),
                           out.data() + (i * shape_.num_heads + h) * shape_.head_dim);
      }
    }
    return out;
  }

  gpu::AttentionArguments arguments() const {
    return {.block_bytes = block_bytes(),
            .tile_offset = shape_.num_kv_heads * tile_bytes(),
            .tile_bytes = static_cast<uint32_t>(tile_bytes()),
            .kv_type = shape_.type == KvType::kF16   ? gpu::kKvF16
                       : shape_.type == KvType::kF32 ? gpu::kKvF32
                                                     : gpu::kKvInt8,
            .head_dim = static_cast<uint32_t>(shape_.head_dim),
            .num_heads = static_cast<uint32_t>(shape_.num_heads),
            .num_kv_heads = static_cast<uint32_t>(shape_.num_kv_heads),
            .pairs_are_neighbours = shape_.neighbours ? 1u : 0u,
            .query_stride = static_cast<uint32_t>(query_stride()),
            .kv_stride = static_cast<uint32_t>(kv_stride()),
            .num_chunks = static_cast<uint32_t>(num_chunks()),
            .partial_size = static_cast<uint32_t>(partial_size()),
            .scale = scale(),
            .unused = 0};
  }
  std::vector<gpu::TokenPlace> places() const {
    std::vector<gpu::TokenPlace> places;
    for (const Token& token : tokens_) {
      places.push_back(
          {static_cast<uint32_t>(token.position), static_cast<uint32_t>(table_begins_[token.sequence])});
    }
    return places;
  }
  const std::vector<uint32_t>& tables() const { return tables_; }
  size_t num_chunks() const {
    size_t last = 0;
    for (const Token& token : tokens_) last = std::max(last, token.position);
    return last / kAttentionChunk + 1;
  }

  std::vector<float> query, key, value, cosines, sines;
  std::vector<std::byte> cache;

 private:
  size_t query_stride() const { return shape_.num_heads * shape_.head_dim + 3; }
  size_t kv_stride() const { return shape_.num_kv_heads * shape_.head_dim + 5; }
  size_t tile_bytes() const { return KvTileBytes(shape_.type, shape_.head_dim); }
  size_t block_bytes() const { return kLayers * shape_.num_kv_heads * tile_bytes(); }
  size_t partial_size() const { return PartialSize(shape_.head_dim); }
  float scale() const { return 1 / std::sqrt(static_cast<float>(shape_.head_dim)); }
  size_t PartialAt(size_t token, size_t head, size_t chunk) const {
    return ((token * shape_.num_heads + head) * num_chunks() + chunk) * partial_size();
  }
  std::byte* Block(size_t sequence, size_t position) {
    return cache.data() + tables_[table_begins_[sequence] + position / 16] * block_bytes();
  }
  std::byte* Tile(size_t sequence, size_t position, size_t kv_head) {
    return Block(sequence, position) + (shape_.num_kv_heads + kv_head) * tile_bytes();
  }

  // Positions that are no batch's.
  void FillSequence(size_t sequence, size_t length) {
    for (size_t t = 0; t < length; ++t) {
      if (std::ranges::any_of(tokens_, [&](const Token& token) {
            return token.sequence == sequence && token.position == t;
          })) {
        continue;
      }
      for (size_t h = 0; h < shape_.num_kv_heads; ++h) {
        const std::vector<float> k = RandomFloats(shape_.head_dim, -1, 1, rng_);
        const std::vector<float> v = RandomFloats(shape_.head_dim, -1, 1, rng_);
        StoreKv(shape_.type, shape_.head_dim, k.data(), v.data(), t % 16, Tile(sequence, t, h));
      }
    }
  }

  void AttendRow(size_t i, size_t head, size_t chunk, float* scores, float* partial) {
    const Token& token = tokens_[i];
    const size_t kv_head = head / (shape_.num_heads / shape_.num_kv_heads);
    const size_t first_key = chunk * kAttentionChunk;
    std::vector<const std::byte*> blocks;
    for (size_t t = first_key; t <= token.position && t < first_key + kAttentionChunk; t += 16) {
      blocks.push_back(Block(token.sequence, t));
    }
    AttendChunkPortable({.type = shape_.type,
                         .head_dim = shape_.head_dim,
                         .num_tokens = 1,
                         .group = 1,
                         .num_keys = std::min(token.position + 1 - first_key, kAttentionChunk),
                         .blocks = blocks.data(),
                         .tile_offset = (shape_.num_kv_heads + kv_head) * tile_bytes(),
                         .query = query.data() + i * query_stride() + head * shape_.head_dim,
                         .token_stride = query_stride(),
                         .scale = scale(),
                         .scores = scores,
                         .partials = partial,
                         .partial_stride = partial_size()});
  }

  const Shape shape_;
  const std::vector<Token> tokens_;
  std::mt19937& rng_;
  std::vector<size_t> table_begins_;
  std::vector<uint32_t> tables_;
};

class AttentionMetalTest : public testing::TestWithParam<KvType> {
 protected:
  void ExpectEqualAttention(const Shape& shape, const std::vector<size_t>& lengths,
                            const std::vector<Token>& tokens) {
    SCOPED_TRACE(testing::Message() << "head_dim " << shape.head_dim << ", " << shape.num_heads
                                    << " heads over " << shape.num_kv_heads << ", " << tokens.size()
                                    << " tokens");
    Batch batch(shape, lengths, tokens, rng_);
    emulation::Buffer query = DeviceCopy(batch.query), key = DeviceCopy(batch.key),
                      value = DeviceCopy(batch.value), cosines = DeviceCopy(batch.cosines),
                      sines = DeviceCopy(batch.sines), cache = DeviceCopy(batch.cache),
                      tables = DeviceCopy(batch.tables()), places = DeviceCopy(batch.places()),
                      args = DeviceStruct(batch.arguments());
    const auto num_tokens = static_cast<uint32_t>(tokens.size());
    const auto heads = static_cast<uint32_t>(shape.num_heads);
    const emulation::Argument store[] = {
        Operand("query", query),     Operand("key", key),       Operand("value", value),
        Operand("cosines", cosines), Operand("sines", sines),   Operand("cache", cache),
        Operand("tables", tables),   Operand("places", places), Operand("arguments", args)};
    RunMetal("rotate_store",
             {.threadgroups = {heads + static_cast<uint32_t>(shape.num_kv_heads), num_tokens, 1}}, store);
    batch.RotateAndStoreOnCpu();
    ExpectEqual<float>(query.As<float>(), batch.query, queries_);
    ExpectEqual<float>(key.As<float>(), batch.key, keys_);
    const auto* bytes = reinterpret_cast<const uint8_t*>(batch.cache.data());
    ExpectEqual<uint8_t>(cache.As<uint8_t>(), {bytes, batch.cache.size()}, cached_);

    const std::vector<float> expected = batch.AttendOnCpu();
    emulation::Buffer partials(expected.size() * sizeof(float));
    const emulation::Argument attend[] = {Operand("query", query),       Operand("cache", cache),
                                          Operand("tables", tables),     Operand("places", places),
                                          Operand("partials", partials), Operand("arguments", args)};
    RunMetal("attend_chunk",
             {.threadgroups = {static_cast<uint32_t>(batch.num_chunks()), heads, num_tokens},
              .simdgroups = gpu::kRowSimdgroups,
              .threadgroup_bytes = gpu::kAttentionSharedBytes},
             attend);
    ExpectEqual<float>(partials.As<float>(), expected, partials_);

    const std::vector<float> joined = batch.JoinOnCpu(expected);
    emulation::Buffer attended(joined.size() * sizeof(float));
    const emulation::Argument join[] = {Operand("partials", partials), Operand("places", places),
                                        Operand("attended", attended), Operand("arguments", args)};
    RunMetal("join_chunks", {.threadgroups = {heads, num_tokens, 1}, .simdgroups = gpu::kJoinSimdgroups},
             join);
    ExpectEqual<float>(attended.As<float>(), joined, attended_);
  }

  std::mt19937 rng_{1};
  EqualityCount queries_{"rotate_store, queries"}, keys_{"rotate_store, keys"},
      cached_{"rotate_store, bytes of the cache"}, partials_{"attend_chunk, partials"},
      attended_{"join_chunks"};
};

TEST_P(AttentionMetalTest, EqualsTheCpuAtAnyPosition) {
  for (size_t length : {1, 2, 15, 16, 17, 31, 32, 33, 100, 255, 256, 257, 511, 512, 513, 700}) {
    ExpectEqualAttention({GetParam(), 64, 2, 1}, {length}, {{0, length - 1}});
  }
}

TEST_P(AttentionMetalTest, EqualsTheCpuForAnyShapeOfHeads) {
  for (size_t head_dim : {2, 16, 30, 32, 64, 96, 100, 128, 256}) {
    for (size_t group : {1, 4}) {
      for (const bool neighbours : {false, true}) {
        ExpectEqualAttention({GetParam(), head_dim, 2 * group, 2, neighbours}, {40}, {{0, 39}});
      }
    }
  }
}

TEST_P(AttentionMetalTest, EqualsTheCpuForBatchesOfSequences) {
  // Three sequences that decode, one with a prompt whose tokens cross a tile and a chunk.
  ExpectEqualAttention(
      {GetParam(), 64, 4, 2}, {5, 33, 300, 260},
      {{0, 4}, {1, 32}, {2, 299}, {3, 254}, {3, 255}, {3, 256}, {3, 257}, {3, 258}, {3, 259}});
}

INSTANTIATE_TEST_SUITE_P(AllTypes, AttentionMetalTest, testing::ValuesIn(kKvTypes),
                         [](const auto& type) { return NameOf(type.param); });

TEST(SoftmaxExpMetalTest, EqualsTheCpus) {
  EqualityCount count("softmax_exp");
  std::mt19937 rng(3);
  std::vector<float> x = RandomFloats(1 << 17, -90, 0, rng);
  const float special[] = {0.0f, -0.0f, -87.3f, -87.30001f, -0x1p-20f, -INFINITY};
  std::ranges::copy(special, x.begin());
  std::vector<float> expected;
  for (const float value : x) expected.push_back(SoftmaxExp(value));
  emulation::Buffer device_x = DeviceCopy(x), y(x.size() * sizeof(float));
  const emulation::Argument operands[] = {Operand("x", device_x), Operand("y", y)};
  RunMetal("elementary_softmax_exp", {.threadgroups = {static_cast<uint32_t>(x.size() / 32), 1, 1}},
           operands);
  ExpectEqual<float>(y.As<float>(), expected, count);
}

TEST(KvMetalTest, RoundsToTheCpusHalves) {
  // Keys and values of every exponent, between two halves, too large, infinite and NaN.
  EqualityCount count("rotate_store, rounding");
  std::mt19937 rng(2);
  constexpr size_t kHeadDim = 512;
  std::vector<float> value(kHeadDim);
  for (float& x : value) {
    // What has less than 2^-126 is left out: a GPU may take it for 0, which here is the same half.
    const uint32_t bits = static_cast<uint32_t>(rng()) & 0xfffff000u;
    std::memcpy(&x, &bits, sizeof(x));
  }
  const float special[] = {65504.0f, 65519.0f, 65520.0f, 1e30f,    -INFINITY,    INFINITY,    0x1p-24f,
                           0x1p-25f, 0x3p-25f, -0.0f,    0x1p-14f, 0x1.ffcp-15f, 0x1.ffep-15f};
  std::ranges::copy(special, value.begin());
  const Shape shape = {KvType::kF16, kHeadDim, 1, 1};
  Batch batch(shape, {1}, {{0, 0}}, rng);
  std::ranges::copy(value, batch.value.begin());
  emulation::Buffer query = DeviceCopy(batch.query), key = DeviceCopy(batch.key),
                    values = DeviceCopy(batch.value), cosines = DeviceCopy(batch.cosines),
                    sines = DeviceCopy(batch.sines), cache = DeviceCopy(batch.cache),
                    tables = DeviceCopy(batch.tables()), places = DeviceCopy(batch.places()),
                    args = DeviceStruct(batch.arguments());
  const emulation::Argument store[] = {
      Operand("query", query),     Operand("key", key),       Operand("value", values),
      Operand("cosines", cosines), Operand("sines", sines),   Operand("cache", cache),
      Operand("tables", tables),   Operand("places", places), Operand("arguments", args)};
  RunMetal("rotate_store", {.threadgroups = {2, 1, 1}}, store);
  batch.RotateAndStoreOnCpu();
  const auto* bytes = reinterpret_cast<const uint8_t*>(batch.cache.data());
  ExpectEqual<uint8_t>(cache.As<uint8_t>(), {bytes, batch.cache.size()}, count);
}

}  // namespace
}  // namespace bitnet

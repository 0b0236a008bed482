#include <algorithm>
#include <cstring>

#include "bench/kernels/register.h"
#include "kernels/attention/attention.h"

namespace bitnet {
namespace {

struct Shape {
  KvType type;
  size_t head_dim;
  size_t group;
  size_t num_tokens;  // Consecutive positions, the last of which attends to all keys.
  size_t num_keys;
  size_t num_heads;  // Key-value heads, of all layers together: a decode step reads each once.
};

// A cache of one sequence, laid out as the engine's.
class Cache {
 public:
  explicit Cache(const Shape& shape)
      : tile_bytes_(KvTileBytes(shape.type, shape.head_dim)),
        block_bytes_(shape.num_heads * tile_bytes_),
        memory_((shape.num_keys + kKvTileTokens - 1) / kKvTileTokens * block_bytes_) {
    for (size_t at = 0; at < memory_.size(); at += block_bytes_) blocks_.push_back(memory_.data() + at);
    const std::vector<float> rows = RandomFloats(2 * kKvTileTokens * shape.head_dim);
    for (size_t t = 0; t < kKvTileTokens; ++t) {
      const float* key = rows.data() + 2 * t * shape.head_dim;
      StoreKv(shape.type, shape.head_dim, key, key + shape.head_dim, t, memory_.data());
    }
    for (size_t at = tile_bytes_; at < memory_.size(); at += tile_bytes_) {
      std::memcpy(memory_.data() + at, memory_.data(), tile_bytes_);
    }
  }

  size_t bytes() const { return memory_.size(); }
  size_t tile_offset(size_t head) const { return head * tile_bytes_; }
  const std::byte* const* blocks(size_t chunk) const {
    return blocks_.data() + chunk * kAttentionChunk / kKvTileTokens;
  }

 private:
  size_t tile_bytes_, block_bytes_;
  std::vector<std::byte> memory_;
  std::vector<const std::byte*> blocks_;
};

// One head's chunks, and their joining; what the engine does for a run of tokens that no chunk's end divides.
void Attend(const AttentionKernel& kernel, const Shape& s, const Cache& cache, size_t head,
            const std::vector<float>& query, std::vector<float>& scores, std::vector<float>& partials,
            std::vector<float>& out) {
  const size_t partial = PartialSize(s.head_dim);
  const size_t rows = s.num_tokens * s.group;
  const size_t num_chunks = (s.num_keys + kAttentionChunk - 1) / kAttentionChunk;
  for (size_t c = 0; c < num_chunks; ++c) {
    const size_t first_tokens_keys = s.num_keys - s.num_tokens + 1 - c * kAttentionChunk;
    kernel.run({.type = s.type,
                .head_dim = s.head_dim,
                .num_tokens = s.num_tokens,
                .group = s.group,
                .num_keys = std::min(kAttentionChunk, first_tokens_keys),
                .blocks = cache.blocks(c),
                .tile_offset = cache.tile_offset(head),
                .query = query.data(),
                .token_stride = s.group * s.head_dim,
                .scale = 0.1f,
                .scores = scores.data(),
                .partials = partials.data() + c * rows * partial,
                .partial_stride = partial});
  }
  for (size_t row = 0; row < rows; ++row) {
    kernel.join(s.head_dim, num_chunks, partials.data() + row * partial, rows * partial,
                out.data() + row * s.head_dim);
  }
}

void Run(benchmark::State& state, const AttentionKernel& kernel, const Shape& s) {
  const Cache cache(s);
  const size_t rows = s.num_tokens * s.group;
  const size_t num_chunks = (s.num_keys + kAttentionChunk - 1) / kAttentionChunk;
  const std::vector<float> query = RandomFloats(rows * s.head_dim);
  std::vector<float> scores(rows * kAttentionChunk), partials(num_chunks * rows * PartialSize(s.head_dim));
  std::vector<float> out(rows * s.head_dim), expected(rows * s.head_dim);
  Attend(*std::prev(AttentionKernels().end()), s, cache, 0, query, scores, partials, expected);
  Attend(kernel, s, cache, 0, query, scores, partials, out);
  if (out != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    for (size_t head = 0; head < s.num_heads; ++head) {
      Attend(kernel, s, cache, head, query, scores, partials, out);
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(cache.bytes()));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(2 * s.num_heads * rows * s.num_keys * s.head_dim));
}

const char* Name(KvType type) { return type == KvType::kF16 ? "f16" : type == KvType::kF32 ? "f32" : "int8"; }

void Register(const Shape& s) {
  RegisterEach(AttentionKernels(), "Attention",
               std::string(Name(s.type)) + "/head_dim:" + std::to_string(s.head_dim) +
                   "/group:" + std::to_string(s.group) + "/tokens:" + std::to_string(s.num_tokens) +
                   "/keys:" + std::to_string(s.num_keys) + "/heads:" + std::to_string(s.num_heads),
               [=](benchmark::State& state, const AttentionKernel& kernel) { Run(state, kernel, s); });
}

}  // namespace

void RegisterAttention() {
  for (KvType type : {KvType::kF16, KvType::kF32, KvType::kInt8}) {
    for (size_t num_keys : {512, 4096}) {
      // One head from the second-level cache, 4 tokens of a prompt at once, and a decode step of 2B4T: 30
      // layers of 5 heads, of whose 4096 keys no cache holds the 315 MB.
      Register({type, 128, 4, 1, num_keys, 1});
      Register({type, 128, 4, 4, num_keys, 1});
      Register({type, 128, 4, 1, num_keys, 150});
    }
  }
  for (size_t head_dim : {64, 100, 128}) {
    for (size_t group : {1, 5, 8}) Register({KvType::kF16, head_dim, group, 1, 512, 1});
  }
}

}  // namespace bitnet

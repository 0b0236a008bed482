#include <algorithm>
#include <span>

#include "engine/metal/gpu_attention.h"
#include "engine/metal/grid.h"
#include "engine/metal/self_test/kernel_trials.h"
#include "kernels/attention/attention.h"
#include "kernels/elementwise/elementwise.h"

namespace bitnet {
namespace {

constexpr uint32_t kHeads = 2, kKvHeads = 1;
constexpr uint32_t kHeadDim = 48;  // More than a SIMD group has lanes.
constexpr size_t kPartial = PartialSize(kHeadDim);
constexpr float kScoreScale = 0.144f;

constexpr KvType kTypes[] = {KvType::kF16, KvType::kF32, KvType::kInt8};

// A token at `position`, after keys and values that are in the cache, in blocks in descending order.
struct Cache {
  Cache(KernelTrial& trial, KvType kv, size_t position)
      : type(kv),
        num_blocks(position / kKvTileTokens + 1),
        // The second of two layers, whose only head has the tile.
        tile_offset(KvTileBytes(kv, kHeadDim)),
        block_bytes(2 * tile_offset),
        place{.position = U32(position), .table = 0},
        bytes(num_blocks * block_bytes) {
    for (size_t i = num_blocks; i > 0; --i) table.push_back(U32(i - 1));
    for (size_t t = 0; t < position; ++t) Store(trial.Floats(kHeadDim), trial.Floats(kHeadDim), t);
  }

  const std::byte* Block(size_t i) const { return bytes.data() + table[i] * block_bytes; }
  void Store(const std::vector<float>& key, const std::vector<float>& value, size_t t) {
    StoreKv(type, kHeadDim, key.data(), value.data(), t % kKvTileTokens,
            bytes.data() + table[t / kKvTileTokens] * block_bytes + tile_offset);
  }
  size_t num_chunks() const { return NumAttentionChunks(place.position + 1); }

  gpu::AttentionArguments arguments() const {
    return {.block_bytes = block_bytes,
            .tile_offset = tile_offset,
            .tile_bytes = U32(tile_offset),
            .kv_type = KvTypeNumber(type),
            .head_dim = kHeadDim,
            .num_heads = kHeads,
            .num_kv_heads = kKvHeads,
            .pairs_are_neighbours = 0,
            .query_stride = kHeads * kHeadDim,
            .kv_stride = kKvHeads * kHeadDim,
            .num_chunks = U32(num_chunks()),
            .partial_size = U32(kPartial),
            .scale = kScoreScale,
            .unused = 0};
  }

  const KvType type;
  const size_t num_blocks, tile_offset, block_bytes;
  const gpu::TokenPlace place;
  std::vector<uint32_t> table;
  std::vector<std::byte> bytes;
};

void TryRotateStore(KernelTrial& trial, KvType type, bool neighbours) {
  Cache cache(trial, type, kKvTileTokens + 3);
  const size_t angles = (cache.place.position + 1) * kHeadDim / 2;
  const size_t own_angles = cache.place.position * kHeadDim / 2;
  std::vector<float> query = trial.Floats(kHeads * kHeadDim), key = trial.Floats(kHeadDim);
  const std::vector<float> value = trial.Floats(kHeadDim);
  const std::vector<float> cosines = trial.Floats(angles), sines = trial.Floats(angles);
  gpu::AttentionArguments arguments = cache.arguments();
  arguments.pairs_are_neighbours = neighbours ? 1 : 0;
  float* device_query = trial.Put(query);
  float* device_key = trial.Put(key);
  std::byte* device_cache = trial.Put(cache.bytes);
  trial.Run({kHeads + kKvHeads, 1, 1},
            {device_query, device_key, trial.Put(value), trial.Put(cosines), trial.Put(sines), device_cache,
             trial.Put(cache.table), trial.Put(std::vector{cache.place})},
            arguments);
  const auto rotate = neighbours ? RotatePairs : RotateHalves;
  for (size_t h = 0; h < kHeads; ++h) {
    rotate(kHeadDim, cosines.data() + own_angles, sines.data() + own_angles, query.data() + h * kHeadDim);
  }
  rotate(kHeadDim, cosines.data() + own_angles, sines.data() + own_angles, key.data());
  cache.Store(key, value, cache.place.position);
  trial.Expect(device_query, query);
  trial.Expect(device_key, key);
  trial.Expect(device_cache, cache.bytes);
}

// A partial's maximum and sum, and its sums of values: what lies between and behind is open.
void AppendPartial(const float* partial, std::vector<float>& out) {
  out.insert(out.end(), partial, partial + 2);
  out.insert(out.end(), partial + gpu::kPartialHeader, partial + gpu::kPartialHeader + kHeadDim);
}

std::vector<float> Attend(const KernelSet& cpu, const Cache& cache, const std::vector<float>& query) {
  const size_t num_chunks = cache.num_chunks();
  std::vector<float> partials(kHeads * num_chunks * kPartial), scores(kHeads * kAttentionChunk);
  for (size_t chunk = 0; chunk < num_chunks; ++chunk) {
    const size_t first_key = chunk * kAttentionChunk;
    std::vector<const std::byte*> blocks;
    for (size_t i = first_key / kKvTileTokens; i < cache.num_blocks; ++i) blocks.push_back(cache.Block(i));
    cpu.attend_chunk({.type = cache.type,
                      .head_dim = kHeadDim,
                      .num_tokens = 1,
                      .group = kHeads / kKvHeads,
                      .num_keys = std::min(cache.place.position + 1 - first_key, kAttentionChunk),
                      .blocks = blocks.data(),
                      .tile_offset = cache.tile_offset,
                      .query = query.data(),
                      .token_stride = query.size(),
                      .scale = kScoreScale,
                      .scores = scores.data(),
                      .partials = partials.data() + chunk * kPartial,
                      .partial_stride = num_chunks * kPartial});
  }
  return partials;
}

void TryAttendChunk(KernelTrial& trial, KvType type) {
  Cache cache(trial, type, kAttentionChunk + kKvTileTokens + 3);
  cache.Store(trial.Floats(kHeadDim), trial.Floats(kHeadDim), cache.place.position);
  const std::vector<float> query = trial.Floats(kHeads * kHeadDim);
  const std::vector<float> partials = Attend(trial.cpu(), cache, query);
  float* device_partials = trial.Room<float>(partials.size());
  trial.Run({U32(cache.num_chunks()), kHeads, 1},
            {trial.Put(query), trial.Put(cache.bytes), trial.Put(cache.table),
             trial.Put(std::vector{cache.place}), device_partials},
            cache.arguments());
  std::vector<float> wanted, found;
  for (size_t at = 0; at < partials.size(); at += kPartial) {
    AppendPartial(partials.data() + at, wanted);
    AppendPartial(device_partials + at, found);
  }
  trial.Expect(found.data(), wanted);
}

}  // namespace

void TryRotateStore(KernelTrial& trial) {
  for (const KvType type : kTypes) {
    for (const bool neighbours : {false, true}) TryRotateStore(trial, type, neighbours);
  }
}

void TryAttendChunk(KernelTrial& trial) {
  for (const KvType type : kTypes) TryAttendChunk(trial, type);
}

void TryJoinChunks(KernelTrial& trial) {
  const Cache cache(trial, kTypes[0], kAttentionChunk);
  const size_t num_chunks = cache.num_chunks();
  std::vector<float> partials;
  for (size_t i = 0; i < kHeads * num_chunks; ++i) {
    std::vector<float> partial = trial.Floats(kPartial);
    partial[1] = trial.PositiveFloats(1)[0];  // A sum of weights.
    partials.insert(partials.end(), partial.begin(), partial.end());
  }
  const float* device_partials = trial.Put(partials);
  std::vector<float> attended(kHeads * kHeadDim);
  for (size_t h = 0; h < kHeads; ++h) {
    trial.cpu().join_chunks(kHeadDim, num_chunks, partials.data() + h * num_chunks * kPartial, kPartial,
                            attended.data() + h * kHeadDim);
  }
  float* device_attended = trial.Room<float>(attended.size());
  trial.Run({kHeads, 1, 1}, {device_partials, trial.Put(std::vector{cache.place}), device_attended},
            cache.arguments());
  trial.Expect(device_attended, attended);
}

}  // namespace bitnet

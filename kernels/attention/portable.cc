#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/attention/attention.h"
#include "kernels/math/math.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

float Fold(float (&lanes)[kLanes]) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

float Widen(float x) { return x; }
float Widen(int8_t code) { return code; }
float Widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  if (magnitude >= 0x0f800000) return std::bit_cast<float>(sign | magnitude | 0x7f800000);
  // The exponent is 112 too small; multiplying is exact, and right for subnormals too.
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f));
}

template <typename T>
struct Tile {
  static constexpr bool kScaled = sizeof(T) == 1;

  Tile(const AttentionArgs& args, size_t i) {
    const std::byte* at = args.blocks[i] + args.tile_offset;
    scales = reinterpret_cast<const float*>(at);
    keys = reinterpret_cast<const T*>(kScaled ? at + 2 * kLanes * sizeof(float) : at);
    values = keys + args.head_dim * kLanes;
  }

  const float* scales;  // Of keys, then of values.
  const T* keys;
  const T* values;
};

template <typename T>
float Score(const AttentionArgs& args, const float* query, size_t t) {
  const Tile<T> tile(args, t / kLanes);
  float dot = 0;
  for (size_t d = 0; d < args.head_dim; ++d) {
    dot = std::fma(query[d], Widen(tile.keys[d * kLanes + t % kLanes]), dot);
  }
  if (tile.kScaled) dot *= tile.scales[t % kLanes];
  return dot * args.scale;
}

template <typename T>
void AttendRow(const AttentionArgs& args, const float* query, size_t num_keys, float* scores,
               float* partial) {
  for (size_t t = 0; t < num_keys; ++t) scores[t] = Score<T>(args, query, t);
  const float max = *std::max_element(scores, scores + num_keys);
  float lanes[kLanes] = {};
  for (size_t t = 0; t < num_keys; ++t) {
    scores[t] = SoftmaxExp(scores[t] - max);
    lanes[t % kLanes] += scores[t];
  }
  partial[0] = max;
  partial[1] = Fold(lanes);
  float* sums = partial + kPartialHeader;
  std::fill_n(sums, args.head_dim, 0.0f);
  const size_t stride = KvValueStride(args.head_dim);
  for (size_t t = 0; t < num_keys; ++t) {
    const Tile<T> tile(args, t / kLanes);
    const T* value = tile.values + t % kLanes * stride;
    const float weight = tile.kScaled ? scores[t] * tile.scales[kLanes + t % kLanes] : scores[t];
    for (size_t d = 0; d < args.head_dim; ++d) sums[d] = std::fma(weight, Widen(value[d]), sums[d]);
  }
}

template <typename T>
void Attend(const AttentionArgs& args) {
  for (size_t row = 0; row < args.num_tokens * args.group; ++row) {
    const size_t token = row / args.group;
    AttendRow<T>(args, args.query + token * args.token_stride + row % args.group * args.head_dim,
                 std::min(args.num_keys + token, kAttentionChunk), args.scores + row * kAttentionChunk,
                 args.partials + row * args.partial_stride);
  }
}

}  // namespace

void AttendChunkPortable(const AttentionArgs& args) {
  switch (args.type) {
    case KvType::kF16:
      return Attend<uint16_t>(args);
    case KvType::kF32:
      return Attend<float>(args);
    case KvType::kInt8:
      return Attend<int8_t>(args);
  }
}

void JoinChunksPortable(size_t head_dim, size_t num_chunks, float* partials, size_t stride, float* out) {
  float max = partials[0];
  for (size_t c = 1; c < num_chunks; ++c) max = std::max(max, partials[c * stride]);
  float total = 0;
  std::fill_n(out, head_dim, 0.0f);
  for (size_t c = 0; c < num_chunks; ++c) {
    const float* partial = partials + c * stride;
    const float weight = SoftmaxExp(partial[0] - max);
    total = std::fma(weight, partial[1], total);
    for (size_t d = 0; d < head_dim; ++d) out[d] = std::fma(weight, partial[kPartialHeader + d], out[d]);
  }
  const float inv = 1.0f / total;
  for (size_t d = 0; d < head_dim; ++d) out[d] *= inv;
}

}  // namespace bitnet

#include "kernels/attention/kv_tile.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bitnet {
namespace {

// Of the keys and of the values.
constexpr size_t kInt8ScaleBytes = kKvTileTokens * sizeof(float);

size_t ElementBytes(KvType type) {
  switch (type) {
    case KvType::kF16:
      return sizeof(uint16_t);
    case KvType::kF32:
      return sizeof(float);
    case KvType::kInt8:
      break;
  }
  return sizeof(int8_t);
}

// Both ways are computed and one is chosen, so that a compiler can do several at once.
uint16_t ToHalf(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t magnitude = bits & 0x7fffffff;
  const uint32_t bounded = std::min<uint32_t>(magnitude, 0x477fe000);  // 65504
  // The exponent's bias falls by 112; 13 bits of fraction are rounded off, half to even, and may carry.
  const uint32_t normal = (bounded + 0xfff + (bounded >> 13 & 1) - (uint32_t{112} << 23)) >> 13;
  // Beside 0.5 a float's last bit is 2^-24, the unit of subnormal halves.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(bounded) + 0.5f) - 0x3f000000;
  uint32_t half = bounded < 0x38800000 ? subnormal : normal;  // 2^-14
  half = magnitude > 0x7f800000 ? 0x7e00 : half;              // NaN
  return static_cast<uint16_t>(bits >> 16 & 0x8000) | static_cast<uint16_t>(half);
}

// Calls store(i, element i) for a row that needs no scale.
template <typename T, typename Convert>
void StoreRows(size_t head_dim, const float* key, const float* value, size_t slot, std::byte* tile,
               Convert convert) {
  T* keys = reinterpret_cast<T*>(tile);
  T* values = keys + head_dim * kKvTileTokens + slot * KvValueStride(head_dim);
  for (size_t d = 0; d < head_dim; ++d) keys[d * kKvTileTokens + slot] = convert(key[d]);
  for (size_t d = 0; d < head_dim; ++d) values[d] = convert(value[d]);
}

// Writes element i of a row of codes to codes[i * stride]; returns their scale.
float StoreInt8(size_t n, const float* row, int8_t* codes, size_t stride) {
  float absmax = 0;
  for (size_t i = 0; i < n; ++i) absmax = std::max(absmax, std::fabs(row[i]));
  const bool vanishes = absmax < 1e-30f;
  const float factor = vanishes ? 0 : 127 / absmax;
  for (size_t i = 0; i < n; ++i) {
    // Beside 1.5 * 2^23 a float's last bit is 1: its low bits are the rounded product, at most 127.
    codes[i * stride] = static_cast<int8_t>(std::bit_cast<uint32_t>(row[i] * factor + 0x1.8p23f));
  }
  return vanishes ? 0 : absmax / 127;
}

}  // namespace

size_t KvValueStride(size_t head_dim) {
  return (head_dim + kKvTileTokens - 1) / kKvTileTokens * kKvTileTokens;
}

size_t KvTileBytes(KvType type, size_t head_dim) {
  const size_t elements = kKvTileTokens * (head_dim + KvValueStride(head_dim));
  return elements * ElementBytes(type) + (type == KvType::kInt8 ? 2 * kInt8ScaleBytes : 0);
}

void StoreKv(KvType type, size_t head_dim, const float* key, const float* value, size_t slot,
             std::byte* tile) {
  switch (type) {
    case KvType::kF16:
      StoreRows<uint16_t>(head_dim, key, value, slot, tile, ToHalf);
      return;
    case KvType::kF32:
      StoreRows<float>(head_dim, key, value, slot, tile, [](float x) { return x; });
      return;
    case KvType::kInt8:
      break;
  }
  float* scales = reinterpret_cast<float*>(tile);
  int8_t* keys = reinterpret_cast<int8_t*>(tile + 2 * kInt8ScaleBytes);
  int8_t* values = keys + head_dim * kKvTileTokens + slot * KvValueStride(head_dim);
  scales[slot] = StoreInt8(head_dim, key, keys + slot, kKvTileTokens);
  scales[kKvTileTokens + slot] = StoreInt8(head_dim, value, values, 1);
}

}  // namespace bitnet

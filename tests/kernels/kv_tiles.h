// Keys and values of one chunk for tests of attention: as numbers, and written into tiles by the description
// in kernels/attention/kv_tile.h, without the code that it describes.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention/kv_tile.h"
#include "tests/kernels/float_bits.h"
#include "tests/kernels/guarded.h"

namespace bitnet {

inline constexpr KvType kKvTypes[] = {KvType::kF16, KvType::kF32, KvType::kInt8};

inline std::string NameOf(KvType type) {
  return type == KvType::kF16 ? "f16" : type == KvType::kF32 ? "f32" : "int8";
}

// The keys, or the values, of some positions.
struct KvRows {
  std::vector<uint32_t> bits;   // [positions, head_dim] as the type stores them.
  std::vector<float> elements;  // [positions, head_dim]; of int8 the codes.
  std::vector<float> scales;    // [positions]; only int8 has any but 1.
};

inline KvRows RandomKvRows(KvType type, size_t positions, size_t head_dim, std::mt19937& rng) {
  std::normal_distribution<float> real;
  KvRows rows;
  for (size_t t = 0; t < positions; ++t) {
    rows.scales.push_back(type == KvType::kInt8 ? std::fabs(real(rng)) / 50 : 1);
    for (size_t d = 0; d < head_dim; ++d) {
      uint32_t bits = 0;
      float element = 0;
      if (type == KvType::kF16) {
        // Every 16th exponent is that of subnormals, the others those of 2^-12 to 4.
        const uint32_t exponent = rng() % 16;
        bits = rng() % 2 << 15 | (exponent == 0 ? 0 : exponent + 2) << 10 | rng() % 1024;
        element = HalfValue(static_cast<uint16_t>(bits));
      } else if (type == KvType::kF32) {
        element = real(rng);
        std::memcpy(&bits, &element, sizeof(bits));
      } else {
        element = static_cast<float>(static_cast<int>(rng() % 255) - 127);
        bits = static_cast<uint32_t>(element < 0 ? element + 256 : element);
      }
      rows.bits.push_back(bits);
      rows.elements.push_back(element);
    }
  }
  return rows;
}

// Blocks of 16 positions that hold a tile each, poisoned wherever the sequence has nothing. The poison is a
// NaN as half, float and scale.
class KvBlocks {
 public:
  // `offset` shifts every block by so many floats, and the tile within it.
  KvBlocks(KvType type, size_t head_dim, const KvRows& keys, const KvRows& values, size_t offset) {
    const size_t element_bytes = type == KvType::kF16 ? 2 : type == KvType::kF32 ? 4 : 1;
    const size_t scales_bytes = type == KvType::kInt8 ? 2 * 16 * 4 : 0;
    const size_t value_stride = (head_dim + 15) / 16 * 16;
    const size_t keys_at = scales_bytes;
    const size_t values_at = keys_at + head_dim * 16 * element_bytes;
    const size_t tile_bytes = values_at + 16 * value_stride * element_bytes;
    tile_offset_ = offset * sizeof(float);
    for (size_t t = 0; t < keys.scales.size(); ++t) {
      if (t % 16 == 0) blocks_.emplace_back(tile_offset_ + tile_bytes, uint8_t{0xff}, tile_offset_);
      uint8_t* tile = blocks_.back().data() + tile_offset_;
      if (type == KvType::kInt8) {
        std::memcpy(tile + t % 16 * 4, &keys.scales[t], 4);
        std::memcpy(tile + 64 + t % 16 * 4, &values.scales[t], 4);
      }
      for (size_t d = 0; d < head_dim; ++d) {
        const size_t at = t * head_dim + d;
        // Little-endian: the lowest bytes come first.
        std::memcpy(tile + keys_at + (d * 16 + t % 16) * element_bytes, &keys.bits[at], element_bytes);
        std::memcpy(tile + values_at + (t % 16 * value_stride + d) * element_bytes, &values.bits[at],
                    element_bytes);
      }
    }
    for (const auto& block : blocks_) pointers_.push_back(reinterpret_cast<const std::byte*>(block.data()));
  }

  const std::byte* const* pointers() const { return pointers_.data(); }
  size_t tile_offset() const { return tile_offset_; }

 private:
  size_t tile_offset_;
  std::vector<Guarded<uint8_t>> blocks_;
  std::vector<const std::byte*> pointers_;
};

}  // namespace bitnet

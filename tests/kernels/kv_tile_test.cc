#include "kernels/attention/kv_tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/kernels/float_bits.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/kv_tiles.h"

namespace bitnet {
namespace {

// What storing `row` as key and as value writes, element by element.
template <typename T>
struct Stored {
  std::vector<T> key, value;
  float key_scale = 0, value_scale = 0;
};

template <typename T>
Stored<T> Store(KvType type, const std::vector<float>& row, size_t slot) {
  const size_t n = row.size();
  Guarded<std::byte> tile(KvTileBytes(type, n), std::byte{0x5a});
  StoreKv(type, n, row.data(), row.data(), slot, tile.data());
  tile.ExpectGuardsIntact();
  Stored<T> stored;
  const std::byte* at = tile.data();
  if (type == KvType::kInt8) {
    std::memcpy(&stored.key_scale, at + slot * sizeof(float), sizeof(float));
    std::memcpy(&stored.value_scale, at + (16 + slot) * sizeof(float), sizeof(float));
    at += 32 * sizeof(float);
  }
  std::vector<T> elements(n * 16 + 16 * ((n + 15) / 16 * 16));
  std::memcpy(elements.data(), at, elements.size() * sizeof(T));
  for (size_t d = 0; d < n; ++d) {
    stored.key.push_back(elements[d * 16 + slot]);
    stored.value.push_back(elements[n * 16 + slot * ((n + 15) / 16 * 16) + d]);
  }
  return stored;
}

std::vector<uint16_t> StoreHalves(const std::vector<float>& row) {
  const Stored<uint16_t> stored = Store<uint16_t>(KvType::kF16, row, 3);
  EXPECT_EQ(stored.key, stored.value);
  return stored.key;
}

TEST(KvTileTest, KeepsHalvesAsTheyAre) {
  std::vector<float> row;
  std::vector<uint16_t> expected;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) == 0x7c00) continue;
    expected.push_back(static_cast<uint16_t>(bits));
    row.push_back(HalfValue(expected.back()));
  }
  EXPECT_EQ(StoreHalves(row), expected);
}

TEST(KvTileTest, RoundsToTheNearestHalfAndTiesToEven) {
  std::vector<float> row;
  std::vector<uint16_t> expected;
  for (uint16_t lower = 0; lower < 0x7bff; ++lower) {
    const auto upper = static_cast<uint16_t>(lower + 1);
    const float middle = (HalfValue(lower) + HalfValue(upper)) / 2;  // Exact: one bit more.
    for (const float sign : {1.0f, -1.0f}) {
      const uint16_t sign_bit = sign < 0 ? 0x8000 : 0;
      row.push_back(sign * middle);
      expected.push_back(sign_bit | (lower % 2 == 0 ? lower : upper));
      row.push_back(sign * std::nextafter(middle, 0.0f));
      expected.push_back(sign_bit | lower);
      row.push_back(sign * std::nextafter(middle, 1e9f));
      expected.push_back(sign_bit | upper);
    }
  }
  EXPECT_EQ(StoreHalves(row), expected);
}

TEST(KvTileTest, KeepsHalvesFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(StoreHalves({65519.0f, 65520.0f, 1e30f, infinity, -65520.0f, -infinity}),
            (std::vector<uint16_t>{0x7bff, 0x7bff, 0x7bff, 0x7bff, 0xfbff, 0xfbff}));
  EXPECT_EQ(StoreHalves({1e-30f, -1e-30f, 1e-44f}), (std::vector<uint16_t>{0, 0x8000, 0}));
  EXPECT_TRUE(std::isnan(HalfValue(StoreHalves({kNaN})[0])));
}

TEST(KvTileTest, KeepsFloatsAsTheyAre) {
  const std::vector<float> row = {1.5f, -0.0f, 1e-44f, 3e38f};
  for (size_t slot = 0; slot < 16; ++slot) {
    const Stored<float> stored = Store<float>(KvType::kF32, row, slot);
    EXPECT_EQ(stored.key, row);
    EXPECT_EQ(stored.value, row);
  }
}

TEST(KvTileTest, RoundsToTheNearestCode) {
  std::mt19937 rng(1);
  for (const float size : {1e-20f, 1.0f, 1e20f}) {
    std::normal_distribution<float> real(0, size);
    std::vector<float> row(100);
    float absmax = 0;
    for (float& x : row) {
      x = real(rng);
      absmax = std::max(absmax, std::fabs(x));
    }
    for (size_t slot = 0; slot < 16; ++slot) {
      const Stored<int8_t> stored = Store<int8_t>(KvType::kInt8, row, slot);
      EXPECT_EQ(stored.key, stored.value);
      EXPECT_EQ(stored.key_scale, absmax / 127);
      EXPECT_EQ(stored.value_scale, absmax / 127);
      for (size_t d = 0; d < row.size(); ++d) {
        // Half a code, and three roundings of at most 127 codes: quotient, product and scale.
        EXPECT_LE(std::abs(double{stored.key_scale} * stored.key[d] - row[d]),
                  stored.key_scale * (0.5 + 3 * 127 * 0x1p-24));
      }
    }
  }
}

TEST(KvTileTest, TakesTheLargestElementToTheLargestCode) {
  EXPECT_EQ(Store<int8_t>(KvType::kInt8, {-3, 1.5, 0, 3}, 5).key, (std::vector<int8_t>{-127, 64, 0, 127}));
}

TEST(KvTileTest, TakesVanishingRowsToZero) {
  const Stored<int8_t> stored = Store<int8_t>(KvType::kInt8, {0, 1e-31f, -1e-44f}, 15);
  EXPECT_EQ(stored.key, (std::vector<int8_t>{0, 0, 0}));
  EXPECT_EQ(stored.key_scale, 0.0f);
}

// Tiles as the tests of attention write them, by the description alone.
TEST(KvTileTest, IsArrangedAsDescribed) {
  std::mt19937 rng(2);
  for (size_t head_dim : {1, 20, 100, 128}) {
    const KvRows keys = RandomKvRows(KvType::kF32, 16, head_dim, rng);
    const KvRows values = RandomKvRows(KvType::kF32, 16, head_dim, rng);
    const KvBlocks expected(KvType::kF32, head_dim, keys, values, 0);
    std::vector<std::byte> tile(KvTileBytes(KvType::kF32, head_dim), std::byte{0xff});
    for (size_t t = 0; t < 16; ++t) {
      StoreKv(KvType::kF32, head_dim, keys.elements.data() + t * head_dim,
              values.elements.data() + t * head_dim, t, tile.data());
    }
    EXPECT_EQ(std::memcmp(tile.data(), expected.pointers()[0], tile.size()), 0) << head_dim;
  }
}

}  // namespace
}  // namespace bitnet

#include "engine/weights/i2s.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace bitnet {
namespace {

TEST(I2sTest, DecodesElementJFromByteJMod32) {
  std::mt19937 rng(7);
  std::vector<uint8_t> blocks(3 * 32);
  for (uint8_t& byte : blocks) {
    byte = static_cast<uint8_t>(rng() % 3 << 6 | rng() % 3 << 4 | rng() % 3 << 2 | rng() % 3);
  }
  std::vector<int8_t> weights(3 * 128);
  ASSERT_TRUE(UnpackI2s(blocks, weights));
  for (size_t j = 0; j < weights.size(); ++j) {
    const uint8_t byte = blocks[j / 128 * 32 + j % 32];
    const size_t shift = 6 - 2 * (j % 128 / 32);
    ASSERT_EQ(weights[j], static_cast<int>(byte >> shift & 3) - 1) << j;
  }
}

TEST(I2sTest, NoticesCodeThreeAnywhere) {
  for (size_t byte = 0; byte < 64; ++byte) {
    for (size_t shift = 0; shift < 8; shift += 2) {
      std::vector<uint8_t> blocks(64, 0x55 << 1 & 0xaa);  // All codes 2.
      blocks[byte] |= 3 << shift;
      std::vector<int8_t> weights(256);
      ASSERT_FALSE(UnpackI2s(blocks, weights)) << byte << " " << shift;
    }
  }
}

TEST(I2sTest, AcceptsNeighbouringBitsOfDifferentCodes) {
  const std::vector<uint8_t> blocks(32, 0b01100110);  // 1, 2, 1, 2: ones side by side.
  std::vector<int8_t> weights(128);
  EXPECT_TRUE(UnpackI2s(blocks, weights));
}

TEST(I2sTest, ReadsTheScaleBehindTheBlocks) {
  std::vector<uint8_t> tensor(32 + 32, 0);
  const float scale = 0.375f;
  std::memcpy(tensor.data() + 32, &scale, sizeof(scale));
  EXPECT_EQ(I2sScale(tensor, 128), scale);
}

}  // namespace
}  // namespace bitnet

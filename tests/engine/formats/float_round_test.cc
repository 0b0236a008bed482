#include "engine/formats/float_round.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/weights/half.h"

namespace bitnet {
namespace {

TEST(FloatRoundTest, KeepsEveryHalf) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    if ((half & 0x7fff) <= 0x7c00) {
      ASSERT_EQ(FloatToHalf(HalfToFloat(static_cast<uint16_t>(half))), half);
    }
  }
}

TEST(FloatRoundTest, RoundsBetweenHalvesToTheNearestOrEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = HalfToFloat(half);
    const float high = HalfToFloat(static_cast<uint16_t>(half + 1));
    const float middle = (low + high) / 2;  // Exact.
    const uint16_t even = half % 2 == 0 ? half : half + 1;
    ASSERT_EQ(FloatToHalf(middle), even) << half;
    ASSERT_EQ(FloatToHalf(-middle), even | 0x8000) << half;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 0.0f)), half) << half;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, high)), half + 1) << half;
  }
}

TEST(FloatRoundTest, RoundsWhatIsBeyondHalfPrecision) {
  EXPECT_EQ(FloatToHalf(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(std::nanf("")))));
  EXPECT_EQ(FloatToHalf(1e-30f), 0);
  EXPECT_EQ(FloatToHalf(-0.0f), 0x8000);
}

TEST(FloatRoundTest, RoundsToBfloats) {
  const auto value = [](uint32_t upper) { return std::bit_cast<float>(upper << 16); };
  for (const uint32_t upper : {0u, 1u, 0x0080u, 0x3f80u, 0x3f81u, 0x7f7fu, 0x8000u, 0xbf80u, 0x7f80u}) {
    EXPECT_EQ(FloatToBFloat(value(upper)), upper);
  }
  EXPECT_EQ(FloatToBFloat(std::bit_cast<float>(0x3f808000)), 0x3f80);  // Halves go to even.
  EXPECT_EQ(FloatToBFloat(std::bit_cast<float>(0x3f818000)), 0x3f82);
  EXPECT_EQ(FloatToBFloat(std::bit_cast<float>(0x3f808001)), 0x3f81);
  EXPECT_EQ(FloatToBFloat(std::bit_cast<float>(0x3f80ffff)), 0x3f81);
  EXPECT_EQ(FloatToBFloat(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(value(FloatToBFloat(std::bit_cast<float>(0x7f800001)))));
}

}  // namespace
}  // namespace bitnet

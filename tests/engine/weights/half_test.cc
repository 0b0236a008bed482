#include "engine/weights/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bitnet {
namespace {

// From the definition in IEEE 754.
double Reference(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(HalfTest, WidensEveryFiniteValueExactly) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    if (IsFiniteHalf(half)) {
      ASSERT_EQ(HalfToFloat(half), Reference(half)) << half;
      ASSERT_EQ(std::signbit(HalfToFloat(half)), half >= 0x8000) << half;
    }
  }
}

TEST(HalfTest, KeepsInfinitiesAndNans) {
  EXPECT_EQ(HalfToFloat(0x7c00), INFINITY);
  EXPECT_EQ(HalfToFloat(0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7c01)));
  EXPECT_TRUE(std::isnan(HalfToFloat(0xffff)));
  EXPECT_FALSE(IsFiniteHalf(0x7c00));
  EXPECT_FALSE(IsFiniteHalf(0xfe00));
}

}  // namespace
}  // namespace bitnet

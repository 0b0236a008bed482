#include "base/sensors/wrapping_counter.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(WrappingCounterTest, CountsFromTheFirstReading) {
  WrappingCounter counter(1000);
  EXPECT_EQ(counter.Advance(400), 0U);
  EXPECT_EQ(counter.Advance(450), 50U);
  EXPECT_EQ(counter.Advance(450), 50U);
}

TEST(WrappingCounterTest, SeesAWrap) {
  WrappingCounter counter(1000);
  counter.Advance(990);
  EXPECT_EQ(counter.Advance(5), 15U);
  EXPECT_EQ(counter.Advance(1000), 1010U);
  EXPECT_EQ(counter.Advance(0), 1010U);
}

TEST(WrappingCounterTest, TakesASmallFallForAReset) {
  WrappingCounter counter(1'000'000);
  counter.Advance(300);
  EXPECT_EQ(counter.Advance(20), 20U);
}

TEST(WrappingCounterTest, NeverWrapsWithoutARange) {
  WrappingCounter counter(0);
  counter.Advance(1000);
  EXPECT_EQ(counter.Advance(10), 10U);
}

}  // namespace
}  // namespace bitnet

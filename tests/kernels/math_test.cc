#include "kernels/math/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

#include "kernels/math/exp.h"
#include "tests/kernels/guarded.h"

namespace bitnet {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// The references are long double where that has more bits than double (64 on x86-64, 113 on aarch64 Linux);
// their own error is then below 2^-10 of a double's unit. Where it has not (macOS), they err by up to one
// unit.
constexpr double kReferenceError = std::numeric_limits<long double>::digits > 53 ? 0.001 : 1.0;

// The distance of `got` from `expected` in double-precision units in the last place of `expected`.
double UlpError(double got, long double expected) {
  const int exponent = std::max(std::ilogb(expected), -1022);
  return static_cast<double>(std::fabs(got - expected) / std::ldexp(1.0L, exponent - 52));
}

uint64_t Bits(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

TEST(SoftmaxExpTest, IsWithinOneUnitInTheLastPlace) {
  double worst = 0;
  for (double x = 0; x > kExpMin; x -= 1.7e-4) {
    const float f = static_cast<float>(x);
    const long double expected = std::exp(static_cast<long double>(f));
    const double ulp = std::ldexp(1.0, std::ilogb(expected) - 23);
    worst = std::max(worst, static_cast<double>(std::fabs(SoftmaxExp(f) - expected)) / ulp);
  }
  EXPECT_LE(worst, 1.0);
}

TEST(SoftmaxExpTest, FollowsItsDefinition) {
  for (double d = 0; d > kExpMin; d -= 1.3e-3) {
    const float x = static_cast<float>(d);
    const float product = x * kExpLog2E;
    float n = std::floor(product);  // Half to even by comparison, in any rounding mode.
    const float fraction = product - n;
    if (fraction > 0.5f || (fraction == 0.5f && std::fmod(n, 2.0f) != 0)) n += 1;
    const float r = std::fma(n, -kExpLn2Lo, std::fma(n, -kExpLn2Hi, x));
    float p = std::fma(kExpC7, r, kExpC6);
    p = std::fma(p, r, kExpC5);
    p = std::fma(p, r, kExpC4);
    p = std::fma(p, r, kExpC3);
    p = std::fma(p, r, kExpC2);
    p = std::fma(p, r, 1.0f);
    p = std::fma(p, r, 1.0f);
    ASSERT_TRUE(SameBits(SoftmaxExp(x), std::ldexp(p, static_cast<int>(n)))) << x;
  }
}

TEST(SoftmaxExpTest, IsOneAtZeroAndZeroFarBelow) {
  EXPECT_TRUE(SameBits(SoftmaxExp(0.0f), 1.0f));
  EXPECT_TRUE(SameBits(SoftmaxExp(-0.0f), 1.0f));
  EXPECT_GT(SoftmaxExp(kExpMin), 0.0f);
  EXPECT_TRUE(std::isnormal(SoftmaxExp(kExpMin)));
  EXPECT_TRUE(SameBits(SoftmaxExp(std::nextafter(kExpMin, -100.0f)), 0.0f));
  EXPECT_TRUE(SameBits(SoftmaxExp(-std::numeric_limits<float>::max()), 0.0f));
  EXPECT_TRUE(SameBits(SoftmaxExp(-std::numeric_limits<float>::infinity()), 0.0f));
  EXPECT_TRUE(std::isnan(SoftmaxExp(kNaN)));
}

TEST(ExpTest, IsWithinTwoUnitsInTheLastPlace) {
  std::mt19937_64 rng(1);
  double worst = 0;
  for (double limit : {1e-6, 0.4, 1.0, 30.0, 708.0}) {
    std::uniform_real_distribution<double> uniform(-limit, limit);
    for (int i = 0; i < 100000; ++i) {
      const double x = uniform(rng);
      worst = std::max(worst, UlpError(Exp(x), std::exp(static_cast<long double>(x))));
    }
  }
  EXPECT_LE(worst, 2.0 + kReferenceError);
}

TEST(ExpTest, UnderflowsThroughSubnormals) {
  for (double x = -708; x > -745.1; x -= 0.37) {
    // Scaling a result of 1 unit's error into fewer bits rounds once more.
    EXPECT_LE(UlpError(Exp(x), std::exp(static_cast<long double>(x))), 2.0 + kReferenceError) << x;
  }
}

TEST(ExpTest, HandlesSpecialValues) {
  EXPECT_EQ(Exp(0.0), 1.0);
  EXPECT_EQ(Exp(-0.0), 1.0);
  EXPECT_EQ(Exp(kInf), kInf);
  EXPECT_EQ(Exp(710.0), kInf);
  EXPECT_LT(Exp(709.78), kInf);
  EXPECT_EQ(Exp(709.79), kInf);
  EXPECT_EQ(Bits(Exp(-kInf)), Bits(0.0));
  EXPECT_EQ(Bits(Exp(-746.0)), Bits(0.0));
  EXPECT_TRUE(std::isnan(Exp(std::nan(""))));
}

TEST(LogTest, IsWithinTwoUnitsInTheLastPlace) {
  std::mt19937_64 rng(2);
  double worst = 0;
  for (double limit : {1e-9, 1e-3, 0.4, 0.7, 5.0, 700.0}) {
    std::uniform_real_distribution<double> uniform(-limit, limit);
    for (int i = 0; i < 100000; ++i) {
      const double x = std::exp(uniform(rng));
      if (x == 1.0) continue;
      worst = std::max(worst, UlpError(Log(x), std::log(static_cast<long double>(x))));
    }
  }
  EXPECT_LE(worst, 2.0 + kReferenceError);
}

TEST(LogTest, HandlesSubnormalAndSpecialValues) {
  const double least = std::numeric_limits<double>::denorm_min();
  for (double x : {least, 3 * least, 0x1.8p-1030, 0x1p-1022, std::numeric_limits<double>::max()}) {
    EXPECT_LE(UlpError(Log(x), std::log(static_cast<long double>(x))), 2.0 + kReferenceError) << x;
  }
  EXPECT_EQ(Bits(Log(1.0)), Bits(0.0));
  EXPECT_EQ(Log(0.0), -kInf);
  EXPECT_EQ(Log(-0.0), -kInf);
  EXPECT_EQ(Log(kInf), kInf);
  EXPECT_TRUE(std::isnan(Log(-1.0)));
  EXPECT_TRUE(std::isnan(Log(-kInf)));
  EXPECT_TRUE(std::isnan(Log(std::nan(""))));
}

void ExpectSinCosAccurate(double x) {
  const auto [s, c] = SinCos(x);
  const long double wide = x;
  EXPECT_LE(UlpError(s, std::sin(wide)), 2.0 + kReferenceError) << "sin " << x;
  EXPECT_LE(UlpError(c, std::cos(wide)), 2.0 + kReferenceError) << "cos " << x;
}

TEST(SinCosTest, IsWithinTwoUnitsInTheLastPlace) {
  std::mt19937_64 rng(3);
  for (double limit : {1e-300, 1e-9, 0.785, 1.6, 100.0, 0x1p20}) {
    std::uniform_real_distribution<double> uniform(-limit, limit);
    for (int i = 0; i < 50000; ++i) ExpectSinCosAccurate(uniform(rng));
  }
}

TEST(SinCosTest, IsAccurateNextToMultiplesOfHalfPi) {
  // The nearest doubles to n * pi/2: the result is as small as 1e-17 and all of it comes from the reduction.
  const long double half_pi = 1.570796326794896619231321691639751442L;
  for (int n = 1; n <= 660000; n += 7) {
    const double nearest = static_cast<double>(n * half_pi);
    ExpectSinCosAccurate(nearest);
    ExpectSinCosAccurate(std::nextafter(nearest, 0.0));
  }
}

TEST(SinCosTest, HandlesSpecialValues) {
  EXPECT_EQ(Bits(SinCos(0.0).sin), Bits(0.0));
  EXPECT_EQ(Bits(SinCos(-0.0).sin), Bits(-0.0));
  EXPECT_EQ(SinCos(-0.0).cos, 1.0);
  for (double x : {std::nan(""), kInf, -kInf, 0x1.1p20}) {
    EXPECT_TRUE(std::isnan(SinCos(x).sin)) << x;
    EXPECT_TRUE(std::isnan(SinCos(x).cos)) << x;
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/elementwise/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iterator>
#include <random>
#include <vector>

#include "kernels/math/exp.h"
#include "tests/kernels/guarded.h"

namespace bitnet {
namespace {

// Rounds to float. Sums and products of two floats are exact or correctly rounded in double (53 >= 2 * 24 +
// 2), so rounding once more gives the float operation's result.
float Rounded(double x) { return static_cast<float>(x); }

Guarded<float> RandomValues(size_t n, std::mt19937& rng) {
  std::normal_distribution<float> real;
  Guarded<float> values(n, kNaN, n % 17);
  for (size_t i = 0; i < n; ++i) values[i] = real(rng);
  return values;
}

TEST(AddToTest, AddsEachElement) {
  std::mt19937 rng(1);
  for (size_t n = 0; n <= 70; ++n) {
    const Guarded<float> y = RandomValues(n, rng);
    Guarded<float> x = RandomValues(n, rng);
    const Guarded<float> before = x;
    AddTo(n, y.data(), x.data());
    for (size_t i = 0; i < n; ++i) EXPECT_TRUE(SameBits(x[i], Rounded(double{before[i]} + y[i])));
    x.ExpectGuardsIntact();
  }
}

TEST(SquaredReluGateTest, MultipliesBySquareOfPositivePart) {
  std::mt19937 rng(2);
  for (size_t n = 0; n <= 70; ++n) {
    const Guarded<float> gate = RandomValues(n, rng);
    const Guarded<float> up = RandomValues(n, rng);
    Guarded<float> h(n, 77.0f, n % 13);
    SquaredReluGate(n, gate.data(), up.data(), h.data());
    for (size_t i = 0; i < n; ++i) {
      const float r = gate[i] > 0 ? gate[i] : 0;
      EXPECT_TRUE(SameBits(h[i], Rounded(double{Rounded(double{r} * r)} * up[i])));
    }
    h.ExpectGuardsIntact();
  }
}

TEST(SquaredReluGateTest, WorksInPlaceOfEitherOperand) {
  std::mt19937 rng(3);
  const size_t n = 37;
  const Guarded<float> gate = RandomValues(n, rng);
  const Guarded<float> up = RandomValues(n, rng);
  Guarded<float> expected(n, 0.0f), as_gate = gate, as_up = up;
  SquaredReluGate(n, gate.data(), up.data(), expected.data());
  SquaredReluGate(n, as_gate.data(), up.data(), as_gate.data());
  SquaredReluGate(n, gate.data(), as_up.data(), as_up.data());
  for (size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(SameBits(as_gate[i], expected[i]));
    EXPECT_TRUE(SameBits(as_up[i], expected[i]));
  }
}

TEST(SquaredReluGateTest, ExceedsHalfPrecision) {
  const float gate = 1000.0f, up = 2.0f;
  float h = 0;
  SquaredReluGate(1, &gate, &up, &h);
  EXPECT_EQ(h, 2e6f);
}

TEST(SquaredReluGateTest, GivesZeroBehindNegativeGateAndShowsNaN) {
  const float gate[] = {-3.0f, -0.0f, kNaN};
  const float up[] = {5.0f, 5.0f, 5.0f};
  float h[3];
  SquaredReluGate(3, gate, up, h);
  EXPECT_TRUE(SameBits(h[0], 0.0f));
  EXPECT_TRUE(SameBits(h[1], 0.0f));
  EXPECT_TRUE(std::isnan(h[2]));
}

// e^-m by the definition in elementwise.h, every operation rounded through double.
float UnfusedExpByDefinition(float m) {
  if (-m < kExpMin) return 0.0f;
  const float x = -m;
  const float n = std::nearbyint(Rounded(double{x} * kExpLog2E));
  float r = Rounded(double{x} - Rounded(double{n} * kExpLn2Hi));
  r = Rounded(double{r} - Rounded(double{n} * kExpLn2Lo));
  float p = kExpC7;
  for (float c : {kExpC6, kExpC5, kExpC4, kExpC3, kExpC2, 1.0f, 1.0f})
    p = Rounded(double{Rounded(double{p} * r)} + c);
  return Rounded(std::ldexp(double{p}, static_cast<int>(n)));
}

float SiluGateByDefinition(float gate, float up) {
  const float e = UnfusedExpByDefinition(std::fabs(gate));
  // A quotient of floats, too, is the same when rounded twice.
  const float sigmoid = Rounded((gate < 0 ? double{e} : 1.0) / Rounded(1.0 + e));
  return Rounded(double{Rounded(double{gate} * sigmoid)} * up);
}

TEST(SiluGateTest, FollowsItsDefinitionForAnyLength) {
  std::mt19937 rng(5);
  for (size_t n = 0; n <= 70; ++n) {
    Guarded<float> gate = RandomValues(n, rng);
    for (size_t i = 0; i < n; ++i) gate[i] *= i % 3 == 0 ? 40.0f : 1.0f;
    const Guarded<float> up = RandomValues(n, rng);
    Guarded<float> h(n, 77.0f, n % 13);
    SiluGate(n, gate.data(), up.data(), h.data());
    for (size_t i = 0; i < n; ++i) {
      const float expected = SiluGateByDefinition(gate[i], up[i]);
      EXPECT_TRUE(SameBits(h[i], expected))
          << gate[i] << ", " << up[i] << ": " << h[i] << ", not " << expected;
    }
    h.ExpectGuardsIntact();
  }
}

TEST(SiluGateTest, IsCloseToTheFunction) {
  const float up = 1.0f;
  for (double d = -87.0; d < 87.0; d += 1.7e-3) {
    const auto gate = static_cast<float>(d);
    float h = 0;
    SiluGate(1, &gate, &up, &h);
    const double exact = double{gate} / (1.0 + std::exp(-double{gate}));
    EXPECT_NEAR(h, exact, std::fabs(exact) * 0x1p-21) << gate;
  }
}

TEST(SiluGateTest, WorksInPlaceOfEitherOperand) {
  std::mt19937 rng(6);
  const size_t n = 37;
  const Guarded<float> gate = RandomValues(n, rng);
  const Guarded<float> up = RandomValues(n, rng);
  Guarded<float> expected(n, 0.0f), as_gate = gate, as_up = up;
  SiluGate(n, gate.data(), up.data(), expected.data());
  SiluGate(n, as_gate.data(), up.data(), as_gate.data());
  SiluGate(n, gate.data(), as_up.data(), as_up.data());
  for (size_t i = 0; i < n; ++i) {
    EXPECT_TRUE(SameBits(as_gate[i], expected[i]));
    EXPECT_TRUE(SameBits(as_up[i], expected[i]));
  }
}

TEST(SiluGateTest, HoldsAnyFiniteGateAndShowsNaN) {
  // The first are the last that are not 0, the first that are, and as far as they go.
  const float gate[] = {-87.3f, -87.30001f, -1e4f,   -3.4e38f, -0.0f, 0.0f,
                        1e-45f, 100.0f,     3.4e38f, kNaN,     -kNaN};
  const size_t n = std::size(gate);
  const std::vector<float> up(n, 1.0f);
  float h[n];
  SiluGate(n, gate, up.data(), h);
  EXPECT_LT(h[0], 0.0f);
  for (size_t i : {1, 2, 3, 4}) EXPECT_TRUE(SameBits(h[i], -0.0f)) << gate[i] << ": " << h[i];
  EXPECT_TRUE(SameBits(h[5], 0.0f));
  for (size_t i : {7, 8}) EXPECT_EQ(h[i], gate[i]);
  for (size_t i : {9, 10}) EXPECT_TRUE(std::isnan(h[i]));
  for (size_t i = 0; i < 9; ++i) EXPECT_TRUE(SameBits(h[i], SiluGateByDefinition(gate[i], 1.0f))) << gate[i];
}

TEST(RotateHalvesTest, RotatesEachPairRoundingEveryOperation) {
  std::mt19937 rng(4);
  for (size_t half = 1; half <= 70; ++half) {
    const Guarded<float> cos = RandomValues(half, rng);
    const Guarded<float> sin = RandomValues(half, rng);
    Guarded<float> x = RandomValues(2 * half, rng);
    const Guarded<float> before = x;
    RotateHalves(2 * half, cos.data(), sin.data(), x.data());
    for (size_t i = 0; i < half; ++i) {
      const double a = before[i], b = before[half + i];
      const float low = Rounded(double{Rounded(a * cos[i])} - Rounded(b * sin[i]));
      const float high = Rounded(double{Rounded(b * cos[i])} + Rounded(a * sin[i]));
      EXPECT_TRUE(SameBits(x[i], low));
      EXPECT_TRUE(SameBits(x[half + i], high));
    }
    x.ExpectGuardsIntact();
  }
}

TEST(RotatePairsTest, RotatesEachPairRoundingEveryOperation) {
  std::mt19937 rng(7);
  for (size_t half = 1; half <= 70; ++half) {
    const Guarded<float> cos = RandomValues(half, rng);
    const Guarded<float> sin = RandomValues(half, rng);
    Guarded<float> x = RandomValues(2 * half, rng);
    const Guarded<float> before = x;
    RotatePairs(2 * half, cos.data(), sin.data(), x.data());
    for (size_t i = 0; i < half; ++i) {
      const double a = before[2 * i], b = before[2 * i + 1];
      const float first = Rounded(double{Rounded(a * cos[i])} - Rounded(b * sin[i]));
      const float second = Rounded(double{Rounded(b * cos[i])} + Rounded(a * sin[i]));
      EXPECT_TRUE(SameBits(x[2 * i], first));
      EXPECT_TRUE(SameBits(x[2 * i + 1], second));
    }
    x.ExpectGuardsIntact();
  }
}

}  // namespace
}  // namespace bitnet

#include "kernels/elementwise/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

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

}  // namespace
}  // namespace bitnet

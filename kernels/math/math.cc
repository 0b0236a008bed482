#include "kernels/math/math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

// The build sets -ffp-contract=off; only std::fma fuses. Every polynomial below is a Taylor series cut where
// the next term is under 2^-57 of the result: a few terms more than a minimax fit, and nothing to look up.
namespace bitnet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2E = 0x1.71547652b82fep+0;
// ln 2 in two parts, the first with 32 bits, so that its product with an exponent is exact.
constexpr double kLn2Hi = 0x1.62e42feep-1;
constexpr double kLn2Lo = 0x1.a39ef35793c76p-33;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
// pi / 2 in three parts of 53 bits.
constexpr double kHalfPi1 = 0x1.921fb54442d18p+0;
constexpr double kHalfPi2 = 0x1.1a62633145c07p-54;
constexpr double kHalfPi3 = -0x1.f1976b7ed8fbcp-110;
constexpr double kMaxAngle = 0x1p20;

// Half to even, for |x| < 2^51: the addition has no bits left for a fraction, the subtraction is exact.
double RoundHalfEven(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

// 2^n for n in [-1022, 1023].
double PowerOfTwo(int n) { return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52); }

// An angle's quadrant and the rest, hi + lo, within [-pi/4, pi/4].
struct ReducedAngle {
  int64_t quadrant;
  double hi, lo;
};

ReducedAngle ReduceAngle(double x) {
  const double n = RoundHalfEven(x * kTwoOverPi);
  // Exact: all operands are multiples of 2^-53 and the difference is below 1.
  const double a = std::fma(-n, kHalfPi1, x);
  // a - n * kHalfPi2 with its rounding errors kept (two-product, two-sum): a may be almost 0.
  const double b = -n * kHalfPi2;
  const double b_error = std::fma(-n, kHalfPi2, -b);
  const double sum = a + b;
  const double b_part = sum - a;
  const double sum_error = (a - (sum - b_part)) + (b - b_part);
  const double rest = std::fma(-n, kHalfPi3, sum_error + b_error);
  const double hi = sum + rest;
  return {.quadrant = static_cast<int64_t>(n), .hi = hi, .lo = (sum - hi) + rest};
}

// sin(r + lo) and cos(r + lo) for |r| <= pi/4 and lo below half a unit in the last place of r.
SinCosResult SinCosNearZero(double r, double lo) {
  const double z = r * r;
  // (sin r - r + r^3/6) / r^5 and (cos r - 1 + r^2/2) / r^4.
  double s = 1.0 / 355687428096000;
  for (double c :
       {-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120}) {
    s = std::fma(s, z, c);
  }
  double c = -1.0 / 6402373705728000;
  for (double d : {1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320,
                   -1.0 / 720, 1.0 / 24}) {
    c = std::fma(c, z, d);
  }
  // sin(r + lo) = sin r + lo * cos r, and cos(r + lo) = cos r - lo * sin r; cos r = 1 - z/2 and sin r = r
  // will do beside lo. The large terms are added last.
  const double r3 = r * z;
  const double sin_rest = std::fma(r3, std::fma(s, z, -1.0 / 6), std::fma(lo, -0.5 * z, lo));
  const double half_z = 0.5 * z;
  const double one_minus = 1.0 - half_z;
  const double half_z_error = std::fma(0.5 * r, r, -half_z);
  const double cos_rest = ((1.0 - one_minus) - half_z) - half_z_error + std::fma(z * z, c, -r * lo);
  return {.sin = r + sin_rest, .cos = one_minus + cos_rest};
}

}  // namespace

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.8) return kInfinity;  // Above ln(max) = 709.78.
  if (x < -745.2) return 0.0;       // Below ln(min / 2) = -745.13.
  const double n = RoundHalfEven(x * kLog2E);
  const double hi = std::fma(n, -kLn2Hi, x);  // Exact, as in exp.h.
  const double r = std::fma(n, -kLn2Lo, hi);
  const double lo = std::fma(n, -kLn2Lo, hi - r);  // What rounding r lost.
  // (e^r - 1 - r) / r^2, from 1/14! down.
  double p = 1.0 / 87178291200;
  for (double c : {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                   1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2}) {
    p = std::fma(p, r, c);
  }
  const double result = 1.0 + (r + std::fma(p, r * r, lo));
  // In two steps, since 2^n alone may be too large or too small for a double where the result is not.
  const int e = static_cast<int>(n);
  const int first = e / 2;
  return result * PowerOfTwo(first) * PowerOfTwo(e - first);
}

double Log(double x) {
  if (std::isnan(x) || x == kInfinity) return x;
  if (x == 0.0) return -kInfinity;
  if (x < 0.0) return kNaN;
  int e = 0;
  if (x < 0x1p-1022) {  // Subnormal: give it a leading 1.
    x *= 0x1p54;
    e = -54;
  }
  // x = 2^e * m with m in [0.703, 1.406), about 1, by moving the exponent bits from there.
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  constexpr uint64_t kLeast = 0x3fe6800000000000;  // 0.703125
  const int64_t shift = static_cast<int64_t>(bits - kLeast) >> 52;
  e += static_cast<int>(shift);
  const double m = std::bit_cast<double>(bits - (static_cast<uint64_t>(shift) << 52));
  // log m = 2 atanh s = 2s + R s with f = m - 1, s = f / (2 + f). As 2s = f - s f, and s f = f^2/2 - s f^2/2,
  // the large terms f and f^2/2 are free of the division's rounding.
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;  // <= 0.0315
  double series = 2.0 / 23;
  for (double c :
       {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3}) {
    series = std::fma(series, z, c);
  }
  const double half_square = 0.5 * f * f;
  const double n = e;
  const double rest = std::fma(s, half_square + z * series, n * kLn2Lo);
  // n * kLn2Hi is exact, and so outweighs or cancels nothing unseen.
  return n * kLn2Hi - ((half_square - rest) - f);
}

SinCosResult SinCos(double x) {
  if (x == 0.0) return {.sin = x, .cos = 1.0};  // Keeps the sign of -0.
  if (!(std::fabs(x) <= kMaxAngle)) return {.sin = kNaN, .cos = kNaN};
  const ReducedAngle angle = ReduceAngle(x);
  const auto [s, c] = SinCosNearZero(angle.hi, angle.lo);
  switch (angle.quadrant & 3) {
    case 0:
      return {.sin = s, .cos = c};
    case 1:
      return {.sin = c, .cos = -s};
    case 2:
      return {.sin = -s, .cos = -c};
    default:
      return {.sin = -c, .cos = s};
  }
}

}  // namespace bitnet

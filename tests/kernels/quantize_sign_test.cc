#include "kernels/quantize_sign/quantize_sign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr uint64_t kPoison = 0x1234567890abcdef;

float MeanAbs(const std::vector<float>& x) {
  float lane[16] = {};
  for (size_t i = 0; i < x.size(); ++i) lane[i % 16] = lane[i % 16] + std::fabs(x[i]);
  for (size_t j = 0; j < 8; ++j) lane[j] = lane[j] + lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] = lane[j] + lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] = lane[j] + lane[j + 2];
  return (lane[0] + lane[1]) / static_cast<float>(x.size());
}

// To the nearest integer, ties to the even one, for -2.5 < x < 2.5 and beyond as far as clamping needs it.
int RoundHalfEven(float x) {
  if (std::fabs(x) <= 0.5f) return 0;
  if (std::fabs(x) < 1.5f) return x > 0 ? 1 : -1;
  return x > 0 ? 2 : -2;
}

std::vector<float> RandomValues(size_t n, std::mt19937& rng) {
  std::normal_distribution<float> real;
  std::vector<float> values(n);
  for (float& v : values) v = real(rng);
  return values;
}

bool BitOf(const Guarded<uint64_t>& plane, size_t i) { return (plane[i / 64] >> (i % 64) & 1) != 0; }

template <typename Kernel>
class KernelTest : public testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), this->GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << this->GetParam().name;
    }
  }
};

class QuantizeBinaryTest : public KernelTest<QuantizeBinaryKernel> {
 protected:
  static void ExpectMatchesReference(const std::vector<float>& values, size_t offset = 0) {
    SCOPED_TRACE(testing::Message() << values.size() << " values, offset " << offset);
    Guarded<float> x(values.size(), kNaN, offset);
    std::ranges::copy(values, x.data());
    Guarded<uint64_t> plus(values.size() / 64, kPoison, offset);
    const float scale = GetParam().run(values.size(), x.data(), plus.data());
    EXPECT_TRUE(SameBits(scale, MeanAbs(values))) << scale << ", not " << MeanAbs(values);
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(BitOf(plus, i), values[i] >= 0) << "element " << i << ", " << values[i];
    }
    plus.ExpectGuardsIntact();
  }
};

TEST_P(QuantizeBinaryTest, MatchesReferenceForAnyLengthAndMisalignment) {
  std::mt19937 rng(1);
  for (size_t words = 1; words <= 40; ++words)
    ExpectMatchesReference(RandomValues(64 * words, rng), words % 17);
  for (size_t n : {2560, 6912}) ExpectMatchesReference(RandomValues(n, rng));
}

TEST_P(QuantizeBinaryTest, CountsBothZerosAsPlus) {
  ExpectMatchesReference(std::vector<float>(64, 0.0f));
  ExpectMatchesReference(std::vector<float>(64, -0.0f));
}

TEST_P(QuantizeBinaryTest, SeesTheSignOfTinyAndHugeValues) {
  std::mt19937 rng(2);
  for (float magnitude : {1e-45f, 1e-38f, 5e34f}) {
    std::vector<float> values = RandomValues(192, rng);
    for (float& v : values) v = std::copysign(magnitude, v);
    ExpectMatchesReference(values);
  }
}

class QuantizeTernaryTest : public KernelTest<QuantizeTernaryKernel> {
 protected:
  static void ExpectMatchesReference(const std::vector<float>& values, size_t offset = 0) {
    SCOPED_TRACE(testing::Message() << values.size() << " values, offset " << offset);
    const float gamma = std::max(MeanAbs(values), 1e-5f);
    Guarded<float> x(values.size(), kNaN, offset);
    std::ranges::copy(values, x.data());
    Guarded<uint64_t> plus(values.size() / 64, kPoison, offset);
    Guarded<uint64_t> minus(values.size() / 64, kPoison, offset);
    const TernaryRow row = GetParam().run(values.size(), x.data(), plus.data(), minus.data());
    EXPECT_TRUE(SameBits(row.scale, gamma)) << row.scale << ", not " << gamma;
    int32_t nonzero = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      // The definition, division and all.
      const int trit = std::clamp(RoundHalfEven(values[i] / gamma), -1, 1);
      ASSERT_EQ(BitOf(plus, i), trit > 0) << "element " << i << ", " << values[i];
      ASSERT_EQ(BitOf(minus, i), trit < 0) << "element " << i << ", " << values[i];
      nonzero += trit != 0 ? 1 : 0;
    }
    EXPECT_EQ(row.nonzero, nonzero);
    plus.ExpectGuardsIntact();
    minus.ExpectGuardsIntact();
  }
};

TEST_P(QuantizeTernaryTest, MatchesReferenceForAnyLengthAndMisalignment) {
  std::mt19937 rng(3);
  for (size_t words = 1; words <= 40; ++words)
    ExpectMatchesReference(RandomValues(64 * words, rng), words % 17);
  for (size_t n : {2560, 6912}) ExpectMatchesReference(RandomValues(n, rng));
}

// Half of gamma and the floats next to it, which a division has to tell apart. Values in pairs around gamma
// keep the mean what it is; where it misses by a rounding, the reference still decides.
TEST_P(QuantizeTernaryTest, SplitsAtHalfOfTheScaleAsADivisionDoes) {
  std::mt19937 rng(4);
  std::uniform_real_distribution<float> real(1.0f, 2.0f);
  for (int round = 0; round < 500; ++round) {
    const float gamma = std::ldexp(real(rng), static_cast<int>(rng() % 20) - 10);
    const float half = gamma / 2;
    const float probes[] = {half, std::nextafter(half, 0.0f), std::nextafter(half, INFINITY)};
    std::vector<float> values(64);
    for (size_t i = 0; i < 64; i += 2) {
      const float probe = probes[i / 2 % 3];
      values[i] = i / 2 % 2 == 0 ? probe : -probe;
      values[i + 1] = 2 * gamma - probe;
    }
    // The mean of these is gamma up to a rounding: move the probes to where it really is.
    const float real_half = MeanAbs(values) / 2;
    for (size_t i = 0; i < 64; i += 2) {
      if (std::fabs(values[i]) == half) values[i] = std::copysign(real_half, values[i]);
    }
    ExpectMatchesReference(values);
  }
}

TEST_P(QuantizeTernaryTest, LimitsTheScaleOfTinyValues) {
  ExpectMatchesReference(std::vector<float>(64, 0.0f));
  ExpectMatchesReference(std::vector<float>(64, -0.0f));
  ExpectMatchesReference(std::vector<float>(64, 1e-45f));
  ExpectMatchesReference(std::vector<float>(64, -9e-6f));
  ExpectMatchesReference(std::vector<float>(64, 5e-6f));
}

TEST_P(QuantizeTernaryTest, HoldsHugeValues) {
  std::mt19937 rng(5);
  std::vector<float> values = RandomValues(192, rng);
  for (float& v : values) v = std::copysign(5e34f, v);
  values[7] = 1.0f;
  ExpectMatchesReference(values);
}

class RoundToBf16Test : public KernelTest<RoundToBf16Kernel> {
 protected:
  // Among the two multiples of 2^16 (as bits) around x the nearer one, or the one whose bit 16 is even.
  static float Reference(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof(bits));
    const uint32_t below = bits & 0xffff0000;
    const uint32_t rest = bits & 0x0000ffff;
    const bool up = rest > 0x8000 || (rest == 0x8000 && (below & 0x10000) != 0);
    const uint32_t rounded = up ? below + 0x10000 : below;
    float y;
    std::memcpy(&y, &rounded, sizeof(y));
    return std::isnan(x) ? x : y;
  }

  static void ExpectMatchesReference(const std::vector<float>& values, size_t offset = 0) {
    SCOPED_TRACE(testing::Message() << values.size() << " values, offset " << offset);
    Guarded<float> x(values.size(), kNaN, offset);
    std::ranges::copy(values, x.data());
    Guarded<float> y(values.size(), 77.0f, offset);
    GetParam().run(values.size(), x.data(), y.data());
    GetParam().run(values.size(), x.data(), x.data());
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_TRUE(SameBits(y[i], Reference(values[i])))
          << "element " << i << ", " << values[i] << ": " << y[i];
      ASSERT_TRUE(SameBits(x[i], y[i])) << "element " << i << " in place";
    }
    y.ExpectGuardsIntact();
    x.ExpectGuardsIntact();
  }

  static float FromBits(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
};

TEST_P(RoundToBf16Test, MatchesReferenceForAnyTailAndMisalignment) {
  std::mt19937 rng(6);
  for (size_t n = 1; n <= 70; ++n) ExpectMatchesReference(RandomValues(n, rng), n % 17);
  for (size_t n : {2560, 6912}) ExpectMatchesReference(RandomValues(n, rng));
}

TEST_P(RoundToBf16Test, RoundsHalfToEvenAtEveryExponent) {
  std::vector<float> values;
  for (uint32_t high = 0; high < 0x10000; high += 0x3f) {
    for (uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      values.push_back(FromBits(high << 16 | low));
      values.push_back(FromBits((high ^ 1) << 16 | low));
    }
  }
  ExpectMatchesReference(values);
}

TEST_P(RoundToBf16Test, KeepsInfinitiesAndNaNs) {
  ExpectMatchesReference({INFINITY, -INFINITY, 3.4028235e38f, -3.4028235e38f, 3.3895e38f,
                          FromBits(0x7fffffff), FromBits(0xffffffff), FromBits(0x7f800001), 0.0f, -0.0f,
                          1e-45f, -1e-45f, 9.2e-41f});
}

INSTANTIATE_TEST_SUITE_P(AllKernels, QuantizeBinaryTest, testing::ValuesIn(QuantizeBinaryKernels()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(AllKernels, QuantizeTernaryTest, testing::ValuesIn(QuantizeTernaryKernels()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(AllKernels, RoundToBf16Test, testing::ValuesIn(RoundToBf16Kernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

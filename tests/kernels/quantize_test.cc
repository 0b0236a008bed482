#include "kernels/quantize/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

// To the nearest integer, ties to the even one.
int RoundHalfEven(float x) {
  const double floor = std::floor(static_cast<double>(x));
  const double fraction = static_cast<double>(x) - floor;
  const int low = static_cast<int>(floor);
  if (fraction < 0.5) return low;
  if (fraction > 0.5) return low + 1;
  return low % 2 == 0 ? low : low + 1;
}

class QuantizeInt8Test : public testing::TestWithParam<QuantizeInt8Kernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(const std::vector<float>& values, size_t offset = 0) {
    SCOPED_TRACE(testing::Message() << values.size() << " values, offset " << offset);
    float absmax = 0;
    for (float v : values) absmax = std::max(absmax, std::fabs(v));
    const float scale = 127.0f / std::max(absmax, 1e-5f);
    Guarded<float> x(values.size(), kNaN, offset);
    std::ranges::copy(values, x.data());
    Guarded<int8_t> q(values.size(), 77, offset);
    const QuantizedRow row = GetParam().run(values.size(), x.data(), q.data());
    EXPECT_TRUE(SameBits(row.scale, scale)) << row.scale << ", not " << scale;
    int32_t sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const int expected = std::clamp(RoundHalfEven(values[i] * scale), -128, 127);
      ASSERT_EQ(q[i], expected) << "element " << i << ", " << values[i];
      sum += expected;
    }
    EXPECT_EQ(row.sum, sum);
    q.ExpectGuardsIntact();
  }
};

std::vector<float> RandomValues(size_t n, std::mt19937& rng) {
  std::normal_distribution<float> real;
  std::vector<float> values(n);
  for (float& v : values) v = real(rng);
  return values;
}

TEST_P(QuantizeInt8Test, MatchesReferenceForAnyTailAndMisalignment) {
  std::mt19937 rng(1);
  for (size_t n = 1; n <= 70; ++n) ExpectMatchesReference(RandomValues(n, rng), n % 17);
  for (size_t n : {640, 2560, 6912}) ExpectMatchesReference(RandomValues(n, rng));
}

TEST_P(QuantizeInt8Test, FindsTheMaximumAnywhere) {
  for (size_t n : {1, 8, 16, 37, 64}) {
    for (size_t at = 0; at < n; ++at) {
      for (float max : {-50.0f, 50.0f}) {
        std::vector<float> values(n, 1.0f);
        values[at] = max;
        ExpectMatchesReference(values);
      }
    }
  }
}

TEST_P(QuantizeInt8Test, RoundsHalfToEven) {
  // absmax 127 makes the scale 1.
  std::vector<float> values = {127.0f};
  for (float v = -126.5f; v < 127.0f; v += 0.5f) values.push_back(v);
  ExpectMatchesReference(values);
}

TEST_P(QuantizeInt8Test, LimitsTheScaleOfTinyValues) {
  ExpectMatchesReference(std::vector<float>(33, 0.0f));
  ExpectMatchesReference(std::vector<float>(33, -0.0f));
  ExpectMatchesReference(std::vector<float>(33, 1e-45f));
  ExpectMatchesReference(std::vector<float>(33, -9e-6f));
}

TEST_P(QuantizeInt8Test, HoldsHugeValues) {
  std::mt19937 rng(2);
  for (size_t n : {5, 16, 61}) {
    std::vector<float> values = RandomValues(n, rng);
    for (float& v : values) v = std::copysign(3.4e38f, v);
    ExpectMatchesReference(values);
    values[0] = 1.0f;
    ExpectMatchesReference(values);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, QuantizeInt8Test, testing::ValuesIn(QuantizeInt8Kernels()),
                         [](const auto& kernel) { return kernel.param.name; });

class QuantizeInt8GroupsTest : public testing::TestWithParam<QuantizeInt8GroupsKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(size_t group, const std::vector<float>& values, size_t offset = 0) {
    SCOPED_TRACE(testing::Message() << values.size() << " values in groups of " << group << ", offset "
                                    << offset);
    const size_t groups = values.size() / group;
    Guarded<float> x(values.size(), kNaN, offset);
    std::ranges::copy(values, x.data());
    Guarded<int8_t> q(values.size(), 77, offset);
    Guarded<float> x_inv(groups, 55.0f, offset);
    Guarded<int32_t> x_sum(groups, 66, offset);
    GetParam().run(values.size(), group, x.data(), q.data(), x_inv.data(), x_sum.data());
    for (size_t g = 0; g < groups; ++g) {
      float absmax = 1e-5f;
      for (size_t i = 0; i < group; ++i) absmax = std::max(absmax, std::fabs(values[g * group + i]));
      EXPECT_TRUE(SameBits(x_inv[g], absmax / 127.0f)) << "group " << g << ": " << x_inv[g];
      int32_t sum = 0;
      for (size_t i = g * group; i < (g + 1) * group; ++i) {
        const int expected = std::clamp(RoundHalfEven(values[i] * (127.0f / absmax)), -128, 127);
        ASSERT_EQ(q[i], expected) << "element " << i << ", " << values[i];
        sum += expected;
      }
      EXPECT_EQ(x_sum[g], sum) << "group " << g;
    }
    q.ExpectGuardsIntact();
    x_inv.ExpectGuardsIntact();
    x_sum.ExpectGuardsIntact();
  }
};

TEST_P(QuantizeInt8GroupsTest, MatchesReferenceForAnyGroupAndMisalignment) {
  std::mt19937 rng(3);
  for (size_t group = 1; group <= 70; ++group) {
    for (size_t groups : {1, 2, 3, 7}) {
      ExpectMatchesReference(group, RandomValues(groups * group, rng), (group + groups) % 17);
    }
  }
}

TEST_P(QuantizeInt8GroupsTest, MatchesReferenceForModelShapes) {
  std::mt19937 rng(4);
  for (size_t group : {32, 64, 128, 256, 2560}) ExpectMatchesReference(group, RandomValues(2560, rng));
}

TEST_P(QuantizeInt8GroupsTest, KeepsAGroupsScaleToItself) {
  // An outlier in one group moves no other, and a group of zeros has the least scale.
  std::mt19937 rng(5);
  for (size_t at : {0, 31, 32, 100, 159}) {
    std::vector<float> values = RandomValues(160, rng);
    values[at] = -3.4e38f;
    for (size_t i = 64; i < 96; ++i) values[i] = i % 2 == 0 ? 0.0f : 1e-6f;
    ExpectMatchesReference(32, values);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, QuantizeInt8GroupsTest, testing::ValuesIn(QuantizeInt8GroupsKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

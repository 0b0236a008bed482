#include "kernels/rms_norm/rms_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

// The documented definition, one lane at a time.
std::vector<float> NormByDefinition(const std::vector<float>& x, const std::vector<float>& weight,
                                    float eps) {
  float lane[16] = {};
  for (size_t i = 0; i < x.size(); ++i) lane[i % 16] = std::fma(x[i], x[i], lane[i % 16]);
  for (size_t j = 0; j < 8; ++j) lane[j] += lane[j + 8];
  for (size_t j = 0; j < 4; ++j) lane[j] += lane[j + 4];
  for (size_t j = 0; j < 2; ++j) lane[j] += lane[j + 2];
  const float inv = 1.0f / std::sqrt((lane[0] + lane[1]) / static_cast<float>(x.size()) + eps);
  std::vector<float> y;
  for (size_t i = 0; i < x.size(); ++i) y.push_back((x[i] * inv) * weight[i]);
  return y;
}

class RmsNormTest : public testing::TestWithParam<RmsNormKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectMatchesReference(size_t n, float magnitude, size_t offset, bool in_place,
                                     std::mt19937& rng) {
    SCOPED_TRACE(testing::Message() << n << " of " << magnitude << ", offset " << offset << ", in place "
                                    << in_place);
    std::normal_distribution<float> real;
    std::vector<float> x(n), weight(n);
    for (float& v : x) v = real(rng) * magnitude;
    for (float& v : weight) v = real(rng);
    const float eps = 1e-5f;
    const std::vector<float> expected = NormByDefinition(x, weight, eps);
    Guarded<float> guarded_x(n, kNaN, offset), guarded_weight(n, kNaN, offset), separate_y(n, 77.0f, offset);
    std::ranges::copy(x, guarded_x.data());
    std::ranges::copy(weight, guarded_weight.data());
    Guarded<float>& y = in_place ? guarded_x : separate_y;
    GetParam().run(n, guarded_x.data(), guarded_weight.data(), eps, y.data());
    for (size_t i = 0; i < n; ++i) {
      ASSERT_TRUE(SameBits(y[i], expected[i])) << "element " << i << ": " << y[i] << ", not " << expected[i];
    }
    y.ExpectGuardsIntact();
  }
};

TEST_P(RmsNormTest, MatchesReferenceForAnyTailAndMisalignment) {
  std::mt19937 rng(1);
  for (size_t n = 1; n <= 70; ++n) ExpectMatchesReference(n, 1.0f, n % 17, false, rng);
  for (size_t n : {640, 2560, 6912}) ExpectMatchesReference(n, 1.0f, 0, false, rng);
}

TEST_P(RmsNormTest, MatchesReferenceInPlace) {
  std::mt19937 rng(2);
  for (size_t n : {1, 15, 16, 17, 31, 100, 2560}) ExpectMatchesReference(n, 1.0f, 0, true, rng);
}

TEST_P(RmsNormTest, MatchesReferenceForHugeAndTinyValues) {
  std::mt19937 rng(3);
  // Squares that are subnormal, vanish, or overflow to infinity (an inverse of 0).
  for (float magnitude : {1e-42f, 1e-25f, 1e-20f, 1e15f, 1e25f}) {
    for (size_t n : {5, 16, 39, 640}) ExpectMatchesReference(n, magnitude, 0, false, rng);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, RmsNormTest, testing::ValuesIn(RmsNormKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

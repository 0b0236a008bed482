#include "kernels/hadamard/hadamard.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"

namespace bitnet {
namespace {

std::vector<float> RandomValues(size_t n, std::mt19937& rng) {
  std::normal_distribution<float> real;
  std::vector<float> values(n);
  for (float& v : values) v = real(rng);
  return values;
}

// One block times the Sylvester matrix, in double.
std::vector<double> ProductByDefinition(const std::vector<double>& x) {
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < x.size(); ++j) y[i] += std::popcount(i & j) % 2 == 0 ? x[j] : -x[j];
    y[i] /= std::sqrt(static_cast<double>(x.size()));
  }
  return y;
}

void ExpectMatchesReference(size_t n, size_t block, const std::vector<float>& signs, std::mt19937& rng) {
  SCOPED_TRACE(testing::Message() << n << " elements in blocks of " << block << ", " << signs.size()
                                  << " signs");
  const std::vector<float> values = RandomValues(n, rng);
  Guarded<float> x(n, kNaN, n % 17);
  std::ranges::copy(values, x.data());
  Hadamard(n, block, signs.empty() ? nullptr : signs.data(), x.data());
  for (size_t i = 0; i < n; i += block) {
    std::vector<double> in;
    double norm = 0;
    for (size_t j = i; j < i + block; ++j) {
      in.push_back(values[j] * (signs.empty() ? 1.0 : signs[j]));
      norm += in.back() * in.back();
    }
    const std::vector<double> expected = ProductByDefinition(in);
    // Each of log2(block) sums and the factor round by at most 2^-24 of a number below the norm.
    const double tolerance = std::sqrt(norm) * (std::bit_width(block) + 1) * 0x1p-24;
    for (size_t j = 0; j < block; ++j) EXPECT_NEAR(x[i + j], expected[j], tolerance) << "element " << i + j;
  }
  x.ExpectGuardsIntact();
}

TEST(HadamardTest, MultipliesEachBlockByTheSylvesterMatrix) {
  std::mt19937 rng(1);
  for (size_t block = 1; block <= 512; block *= 2) {
    for (size_t blocks : {1, 2, 3, 5}) ExpectMatchesReference(blocks * block, block, {}, rng);
  }
}

TEST(HadamardTest, FlipsSignsFirst) {
  std::mt19937 rng(2);
  for (size_t block = 1; block <= 128; block *= 2) {
    std::vector<float> signs(3 * block);
    for (float& sign : signs) sign = rng() % 2 == 0 ? 1.0f : -1.0f;
    ExpectMatchesReference(3 * block, block, signs, rng);
  }
}

TEST(HadamardTest, GivesEachColumnOfTheMatrix) {
  // A 1 alone at j is column j, whose elements are exact but for the one factor.
  const size_t block = 64;
  for (size_t j = 0; j < block; ++j) {
    std::vector<float> x(block);
    x[j] = 1.0f;
    Hadamard(block, block, nullptr, x.data());
    for (size_t i = 0; i < block; ++i) EXPECT_EQ(x[i], std::popcount(i & j) % 2 == 0 ? 0.125f : -0.125f);
  }
}

TEST(HadamardTest, AddsInTheDocumentedOrder) {
  std::mt19937 rng(3);
  for (size_t block : {2, 4, 8, 32, 128, 1024}) {
    std::vector<float> x = RandomValues(block, rng);
    std::vector<float> expected = x;
    Hadamard(block, block, nullptr, x.data());
    for (size_t half = 1; half < block; half *= 2) {
      for (size_t i = 0; i < block; ++i) {
        if ((i & half) != 0) continue;
        const float a = expected[i], b = expected[i + half];
        expected[i] = a + b;
        expected[i + half] = a - b;
      }
    }
    const auto factor = static_cast<float>(1 / std::sqrt(static_cast<double>(block)));
    for (size_t i = 0; i < block; ++i) EXPECT_TRUE(SameBits(x[i], expected[i] * factor)) << "element " << i;
  }
}

TEST(HadamardTest, IsItsOwnInverse) {
  // Exact where all sums and the factor are.
  std::vector<float> x(256);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 37) - 18.0f;
  const std::vector<float> before = x;
  Hadamard(x.size(), 64, nullptr, x.data());
  EXPECT_NE(x, before);
  Hadamard(x.size(), 64, nullptr, x.data());
  EXPECT_EQ(x, before);
}

}  // namespace
}  // namespace bitnet

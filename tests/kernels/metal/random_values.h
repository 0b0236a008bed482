// Operands of tests of Metal kernels: plain, and what is hard to round.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bitnet {

inline std::vector<float> RandomFloats(size_t n, float low, float high, std::mt19937& rng) {
  std::uniform_real_distribution<float> real(low, high);
  std::vector<float> values(n);
  for (float& value : values) value = real(rng);
  return values;
}

template <typename T>
std::vector<T> RandomInts(size_t n, int low, int high, std::mt19937& rng) {
  std::uniform_int_distribution<int> integer(low, high);
  std::vector<T> values(n);
  for (T& value : values) value = static_cast<T>(integer(rng));
  return values;
}

// Of magnitudes from 2^-20 to 2^20, zeros of both signs among them.
inline std::vector<float> RandomMagnitudes(size_t n, std::mt19937& rng) {
  std::uniform_int_distribution<int> exponent(-20, 20);
  std::vector<float> values = RandomFloats(n, -1, 1, rng);
  for (float& value : values) {
    const int power = exponent(rng);
    value = power == 20 ? 0.0f : power == 19 ? -0.0f : std::ldexp(value, power);
  }
  return values;
}

}  // namespace bitnet

// Operands between guards: inputs in NaN (or another poison), outputs in canaries, at any misalignment.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

namespace bitnet {

inline constexpr size_t kGuardElements = 64;  // A cache line of bytes, more of anything wider.

// An array of `size` elements that starts `offset` elements into its guard's granularity, so that
// offset = 1 .. 16 covers the misalignments of a vector register.
template <typename T>
class Guarded {
 public:
  Guarded(size_t size, T poison, size_t offset = 0)
      : offset_(kGuardElements + offset), size_(size), storage_(offset_ + size + kGuardElements, poison) {
    before_ = storage_;
  }

  T* data() { return storage_.data() + offset_; }
  const T* data() const { return storage_.data() + offset_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }

  // Fails the test if a byte around the array, or, given strides, between its rows, has changed.
  void ExpectGuardsIntact() const { ExpectGuardsIntact(1, size_, size_); }
  void ExpectGuardsIntact(size_t rows, size_t row_size, size_t stride) const {
    for (size_t i = 0; i < storage_.size(); ++i) {
      const size_t at = i - offset_;  // Wraps before the array, which is then past every row.
      if (i >= offset_ && at < rows * stride && at % stride < row_size) continue;
      ASSERT_EQ(std::memcmp(&storage_[i], &before_[i], sizeof(T)), 0)
          << "element " << static_cast<ptrdiff_t>(i) - static_cast<ptrdiff_t>(offset_) << " was written";
    }
  }

 private:
  size_t offset_;
  size_t size_;
  std::vector<T> storage_;
  std::vector<T> before_;
};

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Equality of bits, but for NaNs, of which one is as good as another.
inline bool SameBits(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

}  // namespace bitnet

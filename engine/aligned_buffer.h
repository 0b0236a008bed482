// Large arrays of plain values that a load allocates once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace bitnet {

// 64-byte aligned (a cache line), from 4 MiB on aligned to 2 MiB and offered to the system for huge pages.
// The contents are indeterminate and their pages untouched: the system gives memory when it is first written.
void* AllocateAligned(size_t bytes);
void FreeAligned(void* memory, size_t bytes);

// A fixed number of T, owned.
template <typename T>
class AlignedBuffer {
  static_assert(std::is_trivial_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size)
      : size_(size), data_(static_cast<T*>(AllocateAligned(size * sizeof(T))), Free{size * sizeof(T)}) {}

  size_t size() const { return size_; }
  T* data() const { return data_.get(); }
  T& operator[](size_t i) const { return data_.get()[i]; }
  std::span<T> span() const { return {data(), size_}; }

 private:
  struct Free {
    size_t bytes = 0;
    void operator()(T* memory) const { FreeAligned(memory, bytes); }
  };
  size_t size_ = 0;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace bitnet

// Memory that the CPU allocates in whole pages, to be shared with a GPU.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "engine/metal/gpu_memory.h"

namespace bitnet {

// A fixed number of T, owned, and alone in its pages, of whatever size: 16 KiB is the largest there is. Zeros
// at first.
template <typename T>
class GpuArray {
  static_assert(std::is_trivial_v<T>);

 public:
  explicit GpuArray(size_t size, GpuMemory& memory) : size_(size) {
    const size_t bytes = (size * sizeof(T) + kPage - 1) / kPage * kPage;
    if (bytes == 0) return;
    data_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t(kPage))));
    std::memset(data_.get(), 0, bytes);
    memory.Add(data_.get(), bytes);
  }

  size_t size() const { return size_; }
  T* data() const { return data_.get(); }
  T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  static constexpr size_t kPage = 16 << 10;
  struct Free {
    void operator()(T* memory) const { ::operator delete(memory, std::align_val_t(kPage)); }
  };
  size_t size_;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace bitnet

#include "tests/fuzz/allocation_meter.h"

#if defined(__linux__)

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local int64_t allocated_bytes = 0;
thread_local int64_t held_bytes = 0;
thread_local int64_t most_held_bytes = 0;

// Blocks are malloc's own, so that the address sanitizer sees what is read beyond their ends.
void* Count(void* memory) {
  if (memory == nullptr) {
    std::abort();
  }
  const auto bytes = static_cast<int64_t>(malloc_usable_size(memory));
  allocated_bytes += bytes;
  held_bytes += bytes;
  most_held_bytes = std::max(most_held_bytes, held_bytes);
  return memory;
}

void* AllocateAligned(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return Count(std::aligned_alloc(unit, (std::max<std::size_t>(bytes, 1) + unit - 1) / unit * unit));
}

void Free(void* memory) {
  if (memory != nullptr) {
    held_bytes -= static_cast<int64_t>(malloc_usable_size(memory));
  }
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) { return Count(std::malloc(std::max<std::size_t>(bytes, 1))); }
void* operator new[](std::size_t bytes) { return Count(std::malloc(std::max<std::size_t>(bytes, 1))); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return AllocateAligned(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return AllocateAligned(bytes, alignment);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return operator new(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return operator new(bytes); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }

namespace bitnet {

AllocationMeter::AllocationMeter() : allocated_before_(allocated_bytes), held_before_(held_bytes) {
  most_held_bytes = held_bytes;
}

uint64_t AllocationMeter::allocated() const {
  return static_cast<uint64_t>(allocated_bytes - allocated_before_);
}

uint64_t AllocationMeter::peak() const {
  return static_cast<uint64_t>(std::max<int64_t>(most_held_bytes - held_before_, 0));
}

}  // namespace bitnet

#else

namespace bitnet {

AllocationMeter::AllocationMeter() : allocated_before_(0), held_before_(0) {}
uint64_t AllocationMeter::allocated() const { return static_cast<uint64_t>(allocated_before_); }
uint64_t AllocationMeter::peak() const { return static_cast<uint64_t>(held_before_); }

}  // namespace bitnet

#endif

namespace bitnet {

bool AllocationMeter::IsJustifiedBy(size_t file_bytes) const {
  // Tables that every tokenizer has, and the values of a JSON file or an array of a GGUF file, which are read
  // into a variant, a string and a vector for as little as two bytes each.
  constexpr uint64_t kAnyway = 1 << 20;
  constexpr uint64_t kPerByte = 256;
  return peak() <= kAnyway + kPerByte * file_bytes;
}

}  // namespace bitnet

// Runs a kernel over a grid, as a GPU would be asked to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bitnet::emulation {

// Of every device: Apple's feature set tables, "Maximum total threadgroup memory allocation".
inline constexpr size_t kMaxThreadgroupBytes = 32 << 10;

// Memory of the device: bytes with a margin on either side that shows if it was touched. Begins as poison, in
// floats NaN.
class Buffer {
 public:
  static constexpr size_t kMargin = 4096;
  static constexpr auto kPoison = std::byte{0xff};

  // Its address is a multiple of 256 plus `misalignment`.
  explicit Buffer(size_t size, size_t misalignment = 0);
  template <typename T>
  explicit Buffer(std::span<const T> contents, size_t misalignment = 0)
      : Buffer(contents.size_bytes(), misalignment) {
    if (!contents.empty()) std::memcpy(data(), contents.data(), contents.size_bytes());
  }

  std::byte* data() { return storage_.data() + begin_; }
  size_t size() const { return size_; }
  template <typename T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(data()), size_ / sizeof(T)};
  }

 private:
  size_t size_;
  std::vector<std::byte> storage_;
  size_t begin_;
};

struct GridSize {
  uint32_t x = 1, y = 1, z = 1;
};

struct Dispatch {
  GridSize threadgroups = {};
  uint32_t simdgroups = 1;       // Of a threadgroup.
  size_t threadgroup_bytes = 0;  // Of the one argument in threadgroup memory; 0: it has none.
};

// Where a lane is, by the attributes of the parameters that every kernel ends with.
struct LanePosition {
  GridSize threadgroup;  // [[threadgroup_position_in_grid]]
  uint32_t simdgroup;    // [[simdgroup_index_in_threadgroup]]
  uint32_t lane;         // [[thread_index_in_simdgroup]]
};

// A kernel function: its parameters are pointers to or references of buffers, in the order of their indices,
// then at most one pointer to threadgroup memory, then the three of LanePosition.
struct Kernel {
  const char* name;
  size_t num_pointers;         // Buffers, and threadgroup memory if it has that.
  std::vector<bool> writable;  // Each of them; a parameter of const may not be written.
  void (*call)(std::span<std::byte* const> pointers, const LanePosition& position);
};

struct Argument {
  const char* name;
  std::byte* data;
  size_t size;  // 0 is an argument that is not there: whoever reads it is at fault.
  size_t margin = 0;
};

// "" if all went well, else a line for each thing that did not. Whatever the kernel has written stays.
std::string Launch(const Kernel& kernel, const Dispatch& dispatch, std::span<const Argument> arguments);

namespace internal {

template <typename T>
decltype(auto) As(std::byte* pointer) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(pointer);
  } else {
    return *reinterpret_cast<std::remove_reference_t<T>*>(pointer);
  }
}

template <typename T>
constexpr bool kIsWritable = !std::is_const_v<std::remove_pointer_t<std::remove_reference_t<T>>>;

template <auto kFunction, typename Position, typename... P>
struct Caller {
  template <size_t... kIndices>
  static void Call(std::span<std::byte* const> pointers, const LanePosition& at,
                   std::index_sequence<kIndices...>) {
    kFunction(As<std::tuple_element_t<kIndices, std::tuple<P...>>>(pointers[kIndices])...,
              Position{at.threadgroup.x, at.threadgroup.y, at.threadgroup.z}, at.simdgroup, at.lane);
  }
  static constexpr size_t kPointers = sizeof...(P) - 3;
  static void Run(std::span<std::byte* const> pointers, const LanePosition& at) {
    Call(pointers, at, std::make_index_sequence<kPointers>());
  }
  static Kernel Describe(const char* name) {
    std::vector<bool> writable = {kIsWritable<P>...};
    writable.resize(kPointers);
    return {.name = name, .num_pointers = kPointers, .writable = writable, .call = Run};
  }
};

template <typename Position, auto kFunction, typename... P>
Kernel Describe(const char* name, void (*)(P...)) {
  return Caller<kFunction, Position, P...>::Describe(name);
}

}  // namespace internal

// `Position` is the shim's uint3.
template <typename Position, auto kFunction>
Kernel MakeKernel(const char* name) {
  return internal::Describe<Position, kFunction>(name, kFunction);
}

}  // namespace bitnet::emulation

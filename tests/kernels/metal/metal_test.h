// What the tests of Metal kernels have in common: operands in emulated device memory, and equality of bits.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kernels/guarded.h"
#include "tests/kernels/metal/emulator/launch.h"
#include "tests/kernels/metal/metal_kernels.h"

namespace bitnet {

inline emulation::Argument Operand(const char* name, emulation::Buffer& buffer) {
  return {.name = name, .data = buffer.data(), .size = buffer.size(), .margin = emulation::Buffer::kMargin};
}

// Device memory that holds `values`.
template <typename T>
emulation::Buffer DeviceCopy(const std::vector<T>& values) {
  return emulation::Buffer(std::span<const T>(values));
}
// And one that holds a single struct of arguments.
template <typename T>
emulation::Buffer DeviceStruct(const T& value) {
  return emulation::Buffer(std::span<const T>(&value, 1));
}

// Runs a kernel, which must do nothing that a GPU would not allow.
inline void RunMetal(std::string_view kernel, const emulation::Dispatch& dispatch,
                     std::span<const emulation::Argument> arguments) {
  ASSERT_EQ(emulation::Launch(FindMetalKernel(kernel), dispatch, arguments), "");
}

// How many values a kernel's tests have compared; printed at the end of each test.
class EqualityCount {
 public:
  explicit EqualityCount(std::string kernel) : kernel_(std::move(kernel)) {}
  ~EqualityCount() {
    std::printf("             %s: %zu of %zu values in %zu shapes have the CPU's bits\n", kernel_.c_str(),
                equal_, compared_, shapes_);
  }
  void Add(size_t equal, size_t compared) {
    equal_ += equal;
    compared_ += compared;
    ++shapes_;
  }

 private:
  std::string kernel_;
  size_t equal_ = 0, compared_ = 0, shapes_ = 0;
};

// Compares `metal` with what the CPU kernel gave. Integers by value, floats by their bits.
template <typename T>
void ExpectEqual(std::span<const T> metal, std::span<const T> cpu, EqualityCount& count) {
  ASSERT_EQ(metal.size(), cpu.size());
  size_t equal = 0;
  size_t first = metal.size();
  for (size_t i = 0; i < metal.size(); ++i) {
    bool same = false;
    if constexpr (std::is_same_v<T, float>) {
      same = SameBits(metal[i], cpu[i]);
    } else {
      same = metal[i] == cpu[i];
    }
    equal += same;
    if (!same && first == metal.size()) first = i;
  }
  count.Add(equal, metal.size());
  if (first < metal.size()) {
    ADD_FAILURE() << metal.size() - equal << " of " << metal.size()
                  << " values differ, the first of them value " << first << ": " << +metal[first] << ", not "
                  << +cpu[first];
  }
}

}  // namespace bitnet

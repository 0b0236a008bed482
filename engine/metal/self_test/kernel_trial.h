// One kernel's small problem, on a device and on the CPU.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_commands.h"
#include "engine/metal/gpu_device.h"
#include "engine/metal/gpu_memory.h"
#include "engine/transformer/kernel_set.h"

namespace bitnet {

// Memory that a device shares, for the operands of one kernel after the other. The numbers that go in are the
// same every time.
class KernelTrial {
 public:
  // Borrowed; destroyed before this, since it shares the memory.
  explicit KernelTrial(GpuDevice* device);
  // Errors are the device's.
  absl::Status Share() { return memory_.Share(); }

  // From now on it is about `kernel`: operands so far are forgotten.
  void Begin(MetalKernel kernel);
  // INTERNAL names the kernel: it failed to run, or what it wrote was not what was expected.
  absl::Status End() const;

  // The CPU's kernels.
  const KernelSet& cpu() const { return cpu_; }

  // Random numbers: floats of (-2, 2), or above 0.25, integers of [low, high].
  std::vector<float> Floats(size_t n);
  std::vector<float> PositiveFloats(size_t n);
  template <std::integral T>
  std::vector<T> Integers(size_t n, int low, int high) {
    std::vector<T> values(n);
    const auto count = static_cast<uint32_t>(high - low + 1);
    for (T& value : values) value = static_cast<T>(low + static_cast<int>(rng_() % count));
    return values;
  }

  // A copy of operands for the device, and room for what it is to write, all bits 1.
  template <typename T>
  T* Put(const std::vector<T>& values) {
    T* copy = Room<T>(values.size());
    std::ranges::copy(values, copy);
    return copy;
  }
  template <typename T>
  T* Room(size_t n) {
    return static_cast<T*>(Allocate(n * sizeof(T)));
  }

  // Buffers are in the kernel's order.
  template <typename Arguments>
  void Run(const std::array<uint32_t, 3>& threadgroups, std::initializer_list<const void*> buffers,
           const Arguments& arguments) {
    commands_.Clear();
    commands_.Add(kernel_, threadgroups, buffers, arguments);
    status_.Update(device_->Run(commands_.dispatches()));
  }

  // Bits of what the device wrote are those of what the CPU makes.
  template <typename T>
  void Expect(const T* device, const std::vector<T>& cpu) {
    for (size_t i = 0; status_.ok() && i < cpu.size(); ++i) {
      if (std::memcmp(device + i, cpu.data() + i, sizeof(T)) != 0) Differs(i, cpu.size());
    }
  }

 private:
  void* Allocate(size_t bytes);
  void Differs(size_t i, size_t n);

  GpuDevice* const device_;
  const KernelSet cpu_;
  GpuMemory memory_;
  GpuArray<std::byte> arena_;
  GpuCommands commands_;
  size_t used_ = 0;
  MetalKernel kernel_ = {};
  absl::Status status_;
  std::mt19937 rng_;
};

}  // namespace bitnet

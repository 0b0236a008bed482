// A GPU that shares the CPU's memory, as the forward pass uses it: Metal's, or the tests' emulation of one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/metal/kernel_table.h"

namespace bitnet {

// A place in memory that was shared with a device.
struct GpuRange {
  uint32_t buffer = 0;
  uint64_t offset = 0;
};

// One kernel over a grid of threadgroups. The kernel's last buffer is the struct of its arguments, which
// comes along.
struct GpuDispatch {
  static constexpr size_t kMaxBuffers = 8;
  static constexpr size_t kMaxArgumentBytes = sizeof(gpu::ProductArguments);

  MetalKernel kernel;
  std::array<uint32_t, 3> threadgroups = {1, 1, 1};
  uint32_t num_buffers = 0;
  std::array<GpuRange, kMaxBuffers> buffers = {};
  uint32_t num_argument_bytes = 0;
  alignas(8) std::array<std::byte, kMaxArgumentBytes> arguments = {};
};

// Used by one thread at a time.
class GpuDevice {
 public:
  virtual ~GpuDevice() = default;

  virtual std::string name() const = 0;
  virtual size_t page_bytes() const = 0;
  virtual size_t max_buffer_bytes() const = 0;

  // From now on the device may use `memory`, whole pages that outlive it, and nothing is copied. Returns the
  // number by which ranges name it. RESOURCE_EXHAUSTED: it is longer than max_buffer_bytes().
  virtual absl::StatusOr<uint32_t> Share(std::span<std::byte> memory) = 0;

  // Runs all in order, each as if after the one before, and returns when the last has ended. INTERNAL says
  // what the device had to complain of; what was written is then undefined.
  virtual absl::Status Run(std::span<const GpuDispatch> dispatches) = 0;
};

}  // namespace bitnet

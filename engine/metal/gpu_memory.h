// Which memory a device shares, and where in it a pointer points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/metal/gpu_device.h"

namespace bitnet {

// First ranges are added, then shared all together: weights that lie in the same pages, or in pages side by
// side, become one buffer, so that a dispatch may use several of them.
class GpuMemory {
 public:
  explicit GpuMemory(GpuDevice* device) : device_(device) {}  // Borrowed; outlives this.

  // The bytes outlive the device's use of them.
  void Add(const void* begin, size_t bytes);
  // Errors are the device's.
  absl::Status Share();

  // Of a pointer into what was shared.
  GpuRange RangeOf(const void* pointer) const;
  // Where the buffer of this number begins.
  const std::byte* BeginOf(uint32_t buffer) const;

 private:
  struct Region {
    uintptr_t begin, end;
    uint32_t buffer = 0;
  };

  GpuDevice* const device_;
  std::vector<Region> regions_;  // In ascending order, once shared.
};

}  // namespace bitnet

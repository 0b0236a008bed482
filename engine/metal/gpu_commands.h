// The dispatches of a step, put together.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include "engine/metal/gpu_device.h"
#include "engine/metal/gpu_memory.h"

namespace bitnet {

class GpuCommands {
 public:
  explicit GpuCommands(const GpuMemory* memory) : memory_(memory) {}  // Borrowed; outlives this.

  // A step of no more dispatches than this allocates nothing.
  void Reserve(size_t capacity) { dispatches_.reserve(capacity); }
  void Clear() { dispatches_.clear(); }
  std::span<const GpuDispatch> dispatches() const { return dispatches_; }

  // `buffers` are pointers into the shared memory, in the kernel's order; null: one that it does not read.
  template <typename Arguments>
  void Add(MetalKernel kernel, const std::array<uint32_t, 3>& threadgroups,
           std::initializer_list<const void*> buffers, const Arguments& arguments) {
    static_assert(std::is_trivially_copyable_v<Arguments> &&
                  sizeof(Arguments) <= GpuDispatch::kMaxArgumentBytes);
    assert(buffers.size() + 1 == SpecOf(kernel).num_buffers);
    GpuDispatch& dispatch = dispatches_.emplace_back();
    dispatch.kernel = kernel;
    dispatch.threadgroups = threadgroups;
    for (const void* buffer : buffers) {
      // Something must be bound in any case.
      dispatch.buffers[dispatch.num_buffers++] =
          memory_->RangeOf(buffer != nullptr ? buffer : *buffers.begin());
    }
    dispatch.num_argument_bytes = sizeof(Arguments);
    std::memcpy(dispatch.arguments.data(), &arguments, sizeof(Arguments));
  }

 private:
  const GpuMemory* const memory_;
  std::vector<GpuDispatch> dispatches_;
};

}  // namespace bitnet

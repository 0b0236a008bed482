#include "tests/engine/metal/emulated_device.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/kernels/metal/emulator/launch.h"
#include "tests/kernels/metal/metal_kernels.h"

namespace bitnet {

absl::StatusOr<uint32_t> EmulatedDevice::Share(std::span<std::byte> memory) {
  if (reinterpret_cast<uintptr_t>(memory.data()) % page_bytes() != 0 || memory.size() % page_bytes() != 0) {
    return absl::InvalidArgumentError("memory that is shared is whole pages");
  }
  if (memory.size() > max_buffer_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat(memory.size(), " bytes; a buffer has at most ", max_buffer_bytes_));
  }
  buffers_.push_back(memory);
  return static_cast<uint32_t>(buffers_.size() - 1);
}

absl::Status EmulatedDevice::Run(std::span<const GpuDispatch> dispatches) {
  ++num_runs_;
  if (!failure_.empty()) return absl::InternalError(failure_);
  for (const GpuDispatch& dispatch : dispatches) RETURN_IF_ERROR(RunOne(dispatch));
  return absl::OkStatus();
}

absl::Status EmulatedDevice::RunOne(const GpuDispatch& dispatch) {
  const MetalKernelSpec& spec = SpecOf(dispatch.kernel);
  ++num_dispatches_[spec.name];
  std::vector<emulation::Argument> arguments;
  for (size_t i = 0; i < dispatch.num_buffers; ++i) {
    const GpuRange& range = dispatch.buffers[i];
    const std::span<std::byte> buffer = buffers_[range.buffer];
    arguments.push_back(
        {.name = "buffer", .data = buffer.data() + range.offset, .size = buffer.size() - range.offset});
  }
  GpuDispatch copy = dispatch;  // The kernel reads its arguments from memory of their own.
  arguments.push_back({.name = "arguments", .data = copy.arguments.data(), .size = copy.num_argument_bytes});
  const auto [x, y, z] = dispatch.threadgroups;
  const emulation::Kernel& kernel = FindMetalKernel(spec.name);
  const std::string faults = emulation::Launch(
      kernel,
      {.threadgroups = {x, y, z}, .simdgroups = spec.simdgroups, .threadgroup_bytes = spec.shared_bytes},
      arguments);
  if (!faults.empty()) return absl::InternalError(faults);
  if (static_cast<int>(dispatch.kernel) == damaged_ && x * y * z >= damaged_threadgroups_) {
    // The last buffer that it may write.
    size_t i = dispatch.num_buffers;
    while (!kernel.writable[i - 1]) --i;
    for (size_t at = 0; at < 16; ++at) arguments[i - 1].data[at] ^= std::byte{0x55};
  }
  return absl::OkStatus();
}

}  // namespace bitnet

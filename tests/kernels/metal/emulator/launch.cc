#include "tests/kernels/metal/emulator/launch.h"

#include <algorithm>
#include <array>

#include "tests/kernels/metal/emulator/memory_watch.h"
#include "tests/kernels/metal/emulator/threadgroup.h"

namespace bitnet::emulation {
namespace {

constexpr size_t kAlignment = 256;
constexpr size_t kMaxPointers = 32;  // Metal has 31 buffers.

std::string RunThreadgroup(const Kernel& kernel, const Dispatch& dispatch, GridSize at,
                           std::span<std::byte* const> pointers) {
  return Threadgroup::Run(dispatch.simdgroups, [&](uint32_t lane) {
    // On the lane's stack, since code for the GPU may read nothing else.
    std::array<std::byte*, kMaxPointers> own;
    std::ranges::copy(pointers, own.begin());
    kernel.call(own, {.threadgroup = at, .simdgroup = lane / kSimdLanes, .lane = lane % kSimdLanes});
  });
}

std::string CheckDispatch(const Kernel& kernel, const Dispatch& dispatch, size_t num_arguments) {
  const size_t given = num_arguments + (dispatch.threadgroup_bytes > 0 ? 1 : 0);
  if (given != kernel.num_pointers) {
    return "it takes " + std::to_string(kernel.num_pointers) + " arguments, not " + std::to_string(given);
  }
  if (dispatch.threadgroup_bytes > kMaxThreadgroupBytes) {
    return std::to_string(dispatch.threadgroup_bytes) + " bytes of threadgroup memory are more than " +
           std::to_string(kMaxThreadgroupBytes);
  }
  if (dispatch.threadgroup_bytes % 16 != 0) return "threadgroup memory is allocated in units of 16 bytes";
  if (dispatch.simdgroups < 1 || dispatch.simdgroups > kMaxSimdgroups) {
    return std::to_string(dispatch.simdgroups) + " SIMD groups are not 1 to 32";
  }
  return "";
}

}  // namespace

Buffer::Buffer(size_t size, size_t misalignment)
    : size_(size), storage_(size + 2 * kMargin + kAlignment + misalignment, kPoison) {
  const auto address = reinterpret_cast<uintptr_t>(storage_.data()) + kMargin;
  begin_ = kMargin + (kAlignment - address % kAlignment) % kAlignment + misalignment;
}

std::string Launch(const Kernel& kernel, const Dispatch& dispatch, std::span<const Argument> arguments) {
  if (const std::string wrong = CheckDispatch(kernel, dispatch, arguments.size()); !wrong.empty()) {
    return std::string(kernel.name) + ": " + wrong + "\n";
  }
  MemoryWatch watch;
  std::vector<std::byte*> pointers;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    pointers.push_back(argument.data);
    watch.Add({.name = argument.name,
               .begin = argument.data,
               .size = argument.size,
               .margin = argument.margin,
               .writable = kernel.writable[i],
               .shared = false});
  }
  Buffer shared(dispatch.threadgroup_bytes);
  if (shared.size() > 0) {
    pointers.push_back(shared.data());
    watch.Add({.name = "threadgroup memory",
               .begin = shared.data(),
               .size = shared.size(),
               .margin = Buffer::kMargin,
               .writable = true,
               .shared = true});
  }
  const GridSize grid = dispatch.threadgroups;
  uint32_t number = 0;
  std::string missing;
  for (uint32_t z = 0; z < grid.z; ++z) {
    for (uint32_t y = 0; y < grid.y; ++y) {
      for (uint32_t x = 0; x < grid.x && missing.empty(); ++x) {
        std::ranges::fill(shared.As<std::byte>(), Buffer::kPoison);
        watch.BeginThreadgroup(number++);
        missing = RunThreadgroup(kernel, dispatch, {x, y, z}, pointers);
      }
    }
  }
  std::string faults = watch.faults();
  if (!missing.empty()) faults += "threadgroup " + std::to_string(number - 1) + ": " + missing + "\n";
  return faults.empty() ? "" : std::string(kernel.name) + ": " + faults;
}

}  // namespace bitnet::emulation

// A GpuDevice that runs the Metal kernels in the emulator.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/metal/gpu_device.h"

namespace bitnet {

class EmulatedDevice : public GpuDevice {
 public:
  std::string name() const override { return name_; }
  size_t page_bytes() const override { return 4096; }
  size_t max_buffer_bytes() const override { return max_buffer_bytes_; }
  absl::StatusOr<uint32_t> Share(std::span<std::byte> memory) override;
  absl::Status Run(std::span<const GpuDispatch> dispatches) override;

  void set_max_buffer_bytes(size_t bytes) { max_buffer_bytes_ = bytes; }
  void set_name(std::string name) { name_ = std::move(name); }
  // From now on steps fail, and say so.
  void FailRuns(std::string message) { failure_ = std::move(message); }
  // From now on results are changed: 16 bytes of what each dispatch of this kernel, of so many threadgroups
  // or more, has written.
  void Damage(MetalKernel kernel, uint32_t threadgroups = 1) {
    damaged_ = static_cast<int>(kernel);
    damaged_threadgroups_ = threadgroups;
  }

  int num_runs() const { return num_runs_; }
  // How often each kernel was dispatched.
  const std::map<std::string, int>& num_dispatches() const { return num_dispatches_; }

 private:
  absl::Status RunOne(const GpuDispatch& dispatch);

  std::string name_ = "emulated";
  std::string failure_;
  size_t max_buffer_bytes_ = size_t{1} << 40;
  std::vector<std::span<std::byte>> buffers_;
  int damaged_ = -1;
  uint32_t damaged_threadgroups_ = 1;
  int num_runs_ = 0;
  std::map<std::string, int> num_dispatches_;
};

}  // namespace bitnet

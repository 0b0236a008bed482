// Metal behind the GpuDevice interface.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/metal/gpu_device.h"
#include "engine/metal/metal_interfaces.h"
#include "engine/metal/objc_runtime.h"
#include "engine/metal/residency_keeper.h"

namespace bitnet {

// Kernels are compiled from the text that comes along, with safe mathematics, all at creation: the system
// keeps what it compiled, so that the next start is faster. Shared memory is one buffer each, without a copy.
// A step is one command buffer with one serial encoder.
class MetalDevice : public GpuDevice {
 public:
  // FAILED_PRECONDITION: there is no GPU; UNIMPLEMENTED: it does not run kernels as they are made (SIMD
  // groups of 32 lanes); INTERNAL: the kernels do not compile. All say what Metal says.
  static absl::StatusOr<std::unique_ptr<MetalDevice>> Create(const ObjcRuntime& runtime,
                                                             const ResidencyOptions& residency = {});
  ~MetalDevice() override;

  std::string name() const override;
  size_t page_bytes() const override { return page_bytes_; }
  size_t max_buffer_bytes() const override;
  absl::StatusOr<uint32_t> Share(std::span<std::byte> memory) override;
  absl::Status Run(std::span<const GpuDispatch> dispatches) override;

 private:
  MetalDevice(const ObjcRuntime& runtime, ObjcId device, const ResidencyOptions& residency);
  absl::Status Start();
  absl::Status CompileKernels();
  absl::StatusOr<MtlComputePipelineState> MakePipeline(const MtlLibrary& library,
                                                       const MetalKernelSpec& spec);
  void Encode(const MtlComputeCommandEncoder& encoder, const GpuDispatch& dispatch) const;

  const ObjcRuntime runtime_;
  const MtlDevice device_;
  const size_t page_bytes_;
  MtlCommandQueue queue_;
  std::vector<MtlComputePipelineState> pipelines_;  // By the kernel's number.
  std::vector<MtlBuffer> buffers_;
  ResidencyKeeper residency_;
};

}  // namespace bitnet

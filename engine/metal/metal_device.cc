#include "engine/metal/metal_device.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/metal/metal_source.h"

namespace bitnet {
absl::StatusOr<std::unique_ptr<MetalDevice>> MetalDevice::Create(const ObjcRuntime& runtime,
                                                                 const ResidencyOptions& residency) {
  const AutoreleasePool pool(runtime);
  const ObjcId device = runtime.create_metal_device();
  if (device == nullptr) return absl::FailedPreconditionError("Metal: this system has no GPU for it");
  std::unique_ptr<MetalDevice> metal(new MetalDevice(runtime, device, residency));
  RETURN_IF_ERROR(metal->Start());
  return metal;
}

MetalDevice::MetalDevice(const ObjcRuntime& runtime, ObjcId device, const ResidencyOptions& residency)
    : runtime_(runtime),
      device_(&runtime_, device),
      page_bytes_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
      residency_(runtime_, residency) {}

MetalDevice::~MetalDevice() {
  const AutoreleasePool pool(runtime_);
  residency_.Stop();
  for (const MtlBuffer& buffer : buffers_) buffer.Release();
  for (const MtlComputePipelineState& pipeline : pipelines_) pipeline.Release();
  if (queue_) queue_.Release();
  device_.Release();
}

absl::Status MetalDevice::Start() {
  queue_ = device_.newCommandQueue();
  if (!queue_) return absl::FailedPreconditionError("Metal: the GPU gives no command queue");
  RETURN_IF_ERROR(CompileKernels());
  return residency_.Start(device_, queue_);
}

absl::Status MetalDevice::CompileKernels() {
  const MtlCompileOptions options = MtlCompileOptions::New(&runtime_);
  // Not to be reassociated or approximated: results are to equal the CPU's.
  if (options.HasMathMode()) {
    options.setMathMode(MtlMathMode::kSafe);
  } else {
    options.setFastMathEnabled(false);
  }
  NsError error;
  const MtlLibrary library =
      device_.newLibraryWithSource(NsString::Make(&runtime_, kMetalSource), options, error);
  options.Release();
  if (!library)
    return absl::InternalError(absl::StrCat("Metal does not compile the kernels: ", error.Description()));
  absl::Status status;
  for (const MetalKernelSpec& spec : kMetalKernels) {
    const absl::StatusOr<MtlComputePipelineState> pipeline = MakePipeline(library, spec);
    status.Update(pipeline.status());
    if (pipeline.ok()) pipelines_.push_back(*pipeline);
  }
  library.Release();
  return status;
}

absl::StatusOr<MtlComputePipelineState> MetalDevice::MakePipeline(const MtlLibrary& library,
                                                                  const MetalKernelSpec& spec) {
  const MtlFunction function = library.newFunctionWithName(NsString::Make(&runtime_, spec.name));
  if (!function) return absl::InternalError(absl::StrCat("Metal finds no kernel ", spec.name));
  NsError error;
  const MtlComputePipelineState pipeline = device_.newComputePipelineStateWithFunction(function, error);
  function.Release();
  if (!pipeline) {
    return absl::InternalError(
        absl::StrCat("Metal makes no pipeline of ", spec.name, ": ", error.Description()));
  }
  const size_t width = pipeline.threadExecutionWidth();
  const size_t threads = pipeline.maxTotalThreadsPerThreadgroup();
  if (width != gpu::kSimdLanes || threads < size_t{spec.simdgroups} * gpu::kSimdLanes) {
    pipeline.Release();
    return absl::UnimplementedError(absl::StrCat(
        "Metal: ", spec.name, " would run in SIMD groups of ", width, " lanes, up to ", threads,
        " in a threadgroup; wanted ", gpu::kSimdLanes, " and ", spec.simdgroups * gpu::kSimdLanes));
  }
  return pipeline;
}

std::string MetalDevice::name() const {
  const AutoreleasePool pool(runtime_);
  return device_.name().UTF8String();
}

size_t MetalDevice::max_buffer_bytes() const { return device_.maxBufferLength(); }

absl::StatusOr<uint32_t> MetalDevice::Share(std::span<std::byte> memory) {
  const AutoreleasePool pool(runtime_);
  if (memory.size() > max_buffer_bytes()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "Metal: ", memory.size(), " bytes are to be one buffer, which has at most ", max_buffer_bytes()));
  }
  const MtlBuffer buffer =
      device_.newBufferWithBytesNoCopy(memory.data(), memory.size(), MtlResourceOptions::kStorageModeShared);
  if (!buffer) return absl::InternalError(absl::StrCat("Metal takes no buffer of ", memory.size(), " bytes"));
  buffers_.push_back(buffer);
  residency_.Add(buffer);
  return static_cast<uint32_t>(buffers_.size() - 1);
}

absl::Status MetalDevice::Run(std::span<const GpuDispatch> dispatches) {
  const AutoreleasePool pool(runtime_);
  residency_.Touch();
  const MtlCommandBuffer commands = queue_.commandBufferWithUnretainedReferences();
  const MtlComputeCommandEncoder encoder = commands.computeCommandEncoder();
  for (const GpuDispatch& dispatch : dispatches) Encode(encoder, dispatch);
  encoder.endEncoding();
  commands.commit();
  commands.waitUntilCompleted();
  if (commands.status() != MtlCommandBufferStatus::kCompleted) {
    return absl::InternalError(absl::StrCat("Metal did not finish a step: ", commands.error().Description()));
  }
  return absl::OkStatus();
}

void MetalDevice::Encode(const MtlComputeCommandEncoder& encoder, const GpuDispatch& dispatch) const {
  const MetalKernelSpec& spec = SpecOf(dispatch.kernel);
  encoder.setComputePipelineState(pipelines_[static_cast<size_t>(dispatch.kernel)]);
  for (uint32_t i = 0; i < dispatch.num_buffers; ++i) {
    encoder.setBuffer(buffers_[dispatch.buffers[i].buffer], dispatch.buffers[i].offset, i);
  }
  encoder.setBytes(dispatch.arguments.data(), dispatch.num_argument_bytes, dispatch.num_buffers);
  if (spec.shared_bytes > 0) encoder.setThreadgroupMemoryLength(spec.shared_bytes, 0);
  const auto [x, y, z] = dispatch.threadgroups;
  encoder.dispatchThreadgroups({x, y, z}, {spec.simdgroups * gpu::kSimdLanes, 1, 1});
}

}  // namespace bitnet

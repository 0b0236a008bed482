#include "tests/engine/metal/fake_metal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "engine/metal/metal_interfaces.h"
#include "kernels/metal/kernel_table.h"
#include "tests/kernels/metal/emulator/launch.h"
#include "tests/kernels/metal/metal_kernels.h"

namespace bitnet {
namespace {

FakeMetal* fake = nullptr;

// An object, or a class. `text` is what a string says, or the name of a function or pipeline.
struct Object {
  std::string type;
  std::string text = {};
  std::byte* bytes = nullptr;  // Of a buffer.
  size_t size = 0;
};

struct Bound {
  std::byte* data = nullptr;
  size_t size = 0;
  std::vector<std::byte> copy = {};  // Of setBytes.
};

struct Encoder : Object {
  std::string pipeline;
  std::map<unsigned long, Bound> arguments;
  size_t shared_bytes = 0;
  std::vector<std::function<std::string()>> work;
};

Encoder* encoder = nullptr;  // Of the last command buffer.
std::string failure;         // And what went wrong in it.

// What methods give away lives in a pool; what "new" ones give away until it is released.
thread_local std::deque<std::shared_ptr<Object>> pool_objects;  // Each deleted as what it was made.
thread_local int open_pools = 0;

Object* Pooled(Object object) {
  return pool_objects.emplace_back(std::make_shared<Object>(std::move(object))).get();
}
Object* Owned(Object object) {
  ++fake->live_objects;
  return new Object(std::move(object));
}
Object* At(ObjcId id) { return static_cast<Object*>(id); }

const MetalKernelSpec& SpecByName(const std::string& name) {
  return *std::ranges::find_if(kMetalKernels, [&](const MetalKernelSpec& spec) { return spec.name == name; });
}

// --- methods, by class and name

void Release(ObjcId self, ObjcSelector) {
  --fake->live_objects;
  delete At(self);
}

bool RespondsTo(ObjcId self, ObjcSelector, ObjcSelector method) {
  const std::string name = static_cast<const char*>(method);
  if (At(self)->type == "MTLCompileOptions") return name != "setMathMode:" || fake->has_math_mode;
  return name != "newResidencySetWithDescriptor:error:" || fake->has_residency_sets;
}

ObjcId NewOfClass(ObjcId self, ObjcSelector) { return Owned({.type = At(self)->text}); }
ObjcId StringWithUtf8(ObjcId, ObjcSelector, const char* text) {
  return Pooled({.type = "NSString", .text = text});
}
const char* Utf8(ObjcId self, ObjcSelector) { return At(self)->text.c_str(); }
ObjcId LocalizedDescription(ObjcId self, ObjcSelector) {
  return Pooled({.type = "NSString", .text = At(self)->text});
}
void SetMathMode(ObjcId, ObjcSelector, long mode) { fake->math = mode == 0 ? "safe" : "other"; }
void SetFastMath(ObjcId, ObjcSelector, bool enabled) { fake->math = enabled ? "fast" : "not fast"; }

ObjcId DeviceName(ObjcId, ObjcSelector) { return Pooled({.type = "NSString", .text = "Apple M4 (fake)"}); }
unsigned long MaxBufferLength(ObjcId, ObjcSelector) { return fake->max_buffer_length; }
ObjcId NewCommandQueue(ObjcId, ObjcSelector) { return Owned({.type = "MTLCommandQueue"}); }

ObjcId NewLibrary(ObjcId, ObjcSelector, ObjcId source, ObjcId, ObjcId* error) {
  fake->source = At(source)->text;
  if (fake->compile_error.empty()) return Owned({.type = "MTLLibrary"});
  *error = Pooled({.type = "NSError", .text = fake->compile_error});
  return nullptr;
}
ObjcId NewFunction(ObjcId, ObjcSelector, ObjcId name) {
  if (At(name)->text == fake->missing_function) return nullptr;
  return Owned({.type = "MTLFunction", .text = At(name)->text});
}
ObjcId NewPipeline(ObjcId, ObjcSelector, ObjcId function, ObjcId*) {
  return Owned({.type = "MTLComputePipelineState", .text = At(function)->text});
}
unsigned long MaxThreads(ObjcId, ObjcSelector) { return fake->max_threads; }
unsigned long ExecutionWidth(ObjcId, ObjcSelector) { return fake->simd_width; }
ObjcId NewBuffer(ObjcId, ObjcSelector, void* bytes, unsigned long length, unsigned long options,
                 void* deallocator) {
  const bool shared_and_kept = options == 0 && deallocator == nullptr;
  if (reinterpret_cast<uintptr_t>(bytes) % 4096 != 0 || length % 4096 != 0 || !shared_and_kept)
    return nullptr;
  return Owned({.type = "MTLBuffer", .bytes = static_cast<std::byte*>(bytes), .size = length});
}

ObjcId NewResidencySet(ObjcId, ObjcSelector, ObjcId, ObjcId*) { return Owned({.type = "MTLResidencySet"}); }
void AddAllocation(ObjcId, ObjcSelector, ObjcId) { ++fake->num_residency_allocations; }
void RequestResidency(ObjcId, ObjcSelector) {
  if (++fake->num_residency_requests == fake->notify_at_residency) fake->residency_requested.Notify();
}
void Nothing(ObjcId, ObjcSelector) {}
void AddResidencySet(ObjcId, ObjcSelector, ObjcId) {}

ObjcId CommandBuffer(ObjcId, ObjcSelector) {
  ++fake->num_command_buffers;
  failure = fake->run_error;
  return Pooled({.type = "MTLCommandBuffer"});
}
ObjcId ComputeEncoder(ObjcId, ObjcSelector) {
  auto made = std::make_unique<Encoder>();
  made->type = "MTLComputeCommandEncoder";
  encoder = made.get();
  pool_objects.push_back(std::move(made));
  return encoder;
}
void SetPipeline(ObjcId self, ObjcSelector, ObjcId state) {
  static_cast<Encoder*>(At(self))->pipeline = At(state)->text;
}
void SetBuffer(ObjcId self, ObjcSelector, ObjcId buffer, unsigned long offset, unsigned long index) {
  static_cast<Encoder*>(At(self))->arguments[index] = {At(buffer)->bytes + offset, At(buffer)->size - offset};
}
void SetBytes(ObjcId self, ObjcSelector, const void* bytes, unsigned long length, unsigned long index) {
  Bound bound;
  bound.copy.resize(length);
  std::memcpy(bound.copy.data(), bytes, length);
  static_cast<Encoder*>(At(self))->arguments[index] = std::move(bound);
}
void SetSharedBytes(ObjcId self, ObjcSelector, unsigned long length, unsigned long) {
  static_cast<Encoder*>(At(self))->shared_bytes = length;
}
// Of the results that the fake's settings name.
void FlipBit(const emulation::Kernel& kernel, std::span<const emulation::Argument> operands) {
  size_t number = fake->flipped_buffer;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (kernel.writable[i] && number-- == 0) {
      operands[i].data[0] ^= std::byte{1};
      return;
    }
  }
}
void DispatchThreadgroups(ObjcId self, ObjcSelector, MtlSize groups, MtlSize threads) {
  auto& recorded = *static_cast<Encoder*>(At(self));
  fake->dispatched.push_back(recorded.pipeline);
  const emulation::Kernel& kernel = FindMetalKernel(recorded.pipeline);
  // Threadgroup memory stays set for kernels that have none, as in Metal.
  const size_t num_buffers = kernel.num_pointers - (SpecByName(recorded.pipeline).shared_bytes > 0 ? 1 : 0);
  recorded.work.push_back([=, arguments = recorded.arguments, shared = recorded.shared_bytes]() mutable {
    std::vector<emulation::Argument> operands;
    for (size_t i = 0; i < num_buffers; ++i) {
      Bound& bound = arguments[i];
      if (!bound.copy.empty()) bound = {bound.copy.data(), bound.copy.size(), std::move(bound.copy)};
      operands.push_back({.name = "buffer", .data = bound.data, .size = bound.size});
    }
    const auto u32 = [](unsigned long n) { return static_cast<uint32_t>(n); };
    const std::string faults =
        emulation::Launch(kernel,
                          {.threadgroups = {u32(groups.width), u32(groups.height), u32(groups.depth)},
                           .simdgroups = u32(threads.width) / 32,
                           .threadgroup_bytes = num_buffers < kernel.num_pointers ? shared : 0},
                          operands);
    if (kernel.name == fake->flipped_function) FlipBit(kernel, operands);
    return faults;
  });
}
void Commit(ObjcId self, ObjcSelector) {
  if (At(self)->type != "MTLCommandBuffer") return;  // A residency set.
  for (const auto& work : encoder->work) failure += work();
}
unsigned long Status(ObjcId, ObjcSelector) { return failure.empty() ? 4 : 5; }
ObjcId CommandError(ObjcId, ObjcSelector) { return Pooled({.type = "NSError", .text = failure}); }

template <typename Function>
void* Address(Function* function) {
  return reinterpret_cast<void*>(function);
}

const std::map<std::pair<std::string, std::string>, void*>& Methods() {
  static const auto* methods = new std::map<std::pair<std::string, std::string>, void*>{
      {{"class", "new"}, Address(NewOfClass)},
      {{"class", "stringWithUTF8String:"}, Address(StringWithUtf8)},
      {{"NSString", "UTF8String"}, Address(Utf8)},
      {{"NSError", "localizedDescription"}, Address(LocalizedDescription)},
      {{"MTLCompileOptions", "setMathMode:"}, Address(SetMathMode)},
      {{"MTLCompileOptions", "setFastMathEnabled:"}, Address(SetFastMath)},
      {{"MTLLibrary", "newFunctionWithName:"}, Address(NewFunction)},
      {{"MTLComputePipelineState", "maxTotalThreadsPerThreadgroup"}, Address(MaxThreads)},
      {{"MTLComputePipelineState", "threadExecutionWidth"}, Address(ExecutionWidth)},
      {{"MTLComputeCommandEncoder", "setComputePipelineState:"}, Address(SetPipeline)},
      {{"MTLComputeCommandEncoder", "setBuffer:offset:atIndex:"}, Address(SetBuffer)},
      {{"MTLComputeCommandEncoder", "setBytes:length:atIndex:"}, Address(SetBytes)},
      {{"MTLComputeCommandEncoder", "setThreadgroupMemoryLength:atIndex:"}, Address(SetSharedBytes)},
      {{"MTLComputeCommandEncoder", "dispatchThreadgroups:threadsPerThreadgroup:"},
       Address(DispatchThreadgroups)},
      {{"MTLComputeCommandEncoder", "endEncoding"}, Address(Nothing)},
      {{"MTLCommandBuffer", "computeCommandEncoder"}, Address(ComputeEncoder)},
      {{"MTLCommandBuffer", "commit"}, Address(Commit)},
      {{"MTLCommandBuffer", "waitUntilCompleted"}, Address(Nothing)},
      {{"MTLCommandBuffer", "status"}, Address(Status)},
      {{"MTLCommandBuffer", "error"}, Address(CommandError)},
      {{"MTLCommandQueue", "commandBufferWithUnretainedReferences"}, Address(CommandBuffer)},
      {{"MTLCommandQueue", "addResidencySet:"}, Address(AddResidencySet)},
      {{"MTLResidencySet", "addAllocation:"}, Address(AddAllocation)},
      {{"MTLResidencySet", "commit"}, Address(Commit)},
      {{"MTLResidencySet", "requestResidency"}, Address(RequestResidency)},
      {{"MTLDevice", "name"}, Address(DeviceName)},
      {{"MTLDevice", "maxBufferLength"}, Address(MaxBufferLength)},
      {{"MTLDevice", "newCommandQueue"}, Address(NewCommandQueue)},
      {{"MTLDevice", "newLibraryWithSource:options:error:"}, Address(NewLibrary)},
      {{"MTLDevice", "newComputePipelineStateWithFunction:error:"}, Address(NewPipeline)},
      {{"MTLDevice", "newResidencySetWithDescriptor:error:"}, Address(NewResidencySet)},
      {{"MTLDevice", "newBufferWithBytesNoCopy:length:options:deallocator:"}, Address(NewBuffer)},
  };
  return *methods;
}

// --- the runtime

ObjcId GetClass(const char* name) {
  static std::map<std::string, Object> classes;
  return &classes.try_emplace(name, Object{.type = "class", .text = name}).first->second;
}
ObjcSelector GetSelector(const char* name) { return const_cast<char*>(name); }
void* GetImplementation(ObjcId object, ObjcSelector selector) {
  const std::string name = static_cast<const char*>(selector);
  if (name == "release") return Address(Release);
  if (name == "respondsToSelector:") return Address(RespondsTo);
  const auto found = Methods().find({At(object)->type, name});
  if (found != Methods().end()) return found->second;
  std::fprintf(stderr, "%s does not understand %s\n", At(object)->type.c_str(), name.c_str());
  std::abort();
}
void* PoolPush() {
  ++fake->open_pools;
  ++open_pools;
  return nullptr;
}
void PoolPop(void*) {
  --fake->open_pools;
  if (--open_pools == 0) pool_objects.clear();
}
ObjcId CreateDevice() { return fake->has_device ? Owned({.type = "MTLDevice"}) : nullptr; }

}  // namespace

ObjcRuntime UseFakeMetal(FakeMetal* metal) {
  fake = metal;
  return {.get_class = GetClass,
          .get_selector = GetSelector,
          .get_implementation = GetImplementation,
          .pool_push = PoolPush,
          .pool_pop = PoolPop,
          .create_metal_device = CreateDevice};
}

}  // namespace bitnet

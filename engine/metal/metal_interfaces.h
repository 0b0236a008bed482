// The classes and protocols of Metal and Foundation that we use, with the methods that we use, as their
// headers declare them. A method is called through the function behind it, cast to the type that is written
// here: this is the only place where a mistake in a type would go unseen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "engine/metal/objc_runtime.h"

namespace bitnet {

using NsUInteger = unsigned long;
using NsInteger = long;

// Passed by value: 24 bytes, which the calling convention turns into an address by itself.
struct MtlSize {
  NsUInteger width, height, depth;
};

enum class MtlMathMode : NsInteger { kSafe = 0 };
enum class MtlResourceOptions : NsUInteger { kStorageModeShared = 0 };
enum class MtlCommandBufferStatus : NsUInteger { kCompleted = 4, kError = 5 };

// A borrowed reference. Of what "new" methods return the caller owns one, to be given back by Release().
class NsObject {
 public:
  NsObject() = default;
  NsObject(const ObjcRuntime* runtime, ObjcId id) : runtime_(runtime), id_(id) {}
  ObjcId id() const { return id_; }
  explicit operator bool() const { return id_ != nullptr; }

  bool RespondsTo(const char* method) const {
    return Call<bool, ObjcSelector>("respondsToSelector:", runtime_->get_selector(method));
  }
  void Release() const { Call<void>("release"); }

 protected:
  template <typename Result, typename... Args>
  Result Call(const char* method, Args... args) const {
    const ObjcSelector selector = runtime_->get_selector(method);
    using Method = Result(ObjcId, ObjcSelector, Args...);
    return reinterpret_cast<Method*>(runtime_->get_implementation(id_, selector))(id_, selector, args...);
  }
  template <typename Object>
  Object Wrap(ObjcId id) const {
    return Object(runtime_, id);
  }
  const ObjcRuntime* runtime() const { return runtime_; }

 private:
  const ObjcRuntime* runtime_ = nullptr;
  ObjcId id_ = nullptr;
};

struct NsString : NsObject {
  using NsObject::NsObject;
  // UTF-8, valid as long as the pool of now.
  static NsString Make(const ObjcRuntime* runtime, const char* text) {
    const NsString string_class(runtime, runtime->get_class("NSString"));
    return {runtime, string_class.Call<ObjcId, const char*>("stringWithUTF8String:", text)};
  }
  const char* UTF8String() const { return Call<const char*>("UTF8String"); }
};

struct NsError : NsObject {
  using NsObject::NsObject;
  NsString localizedDescription() const { return Wrap<NsString>(Call<ObjcId>("localizedDescription")); }
  // For messages, also where there is none.
  std::string Description() const { return *this ? localizedDescription().UTF8String() : "no reason given"; }
};

struct MtlCompileOptions : NsObject {
  using NsObject::NsObject;
  static MtlCompileOptions New(const ObjcRuntime* runtime) {
    const MtlCompileOptions options_class(runtime, runtime->get_class("MTLCompileOptions"));
    return {runtime, options_class.Call<ObjcId>("new")};
  }
  bool HasMathMode() const { return RespondsTo("setMathMode:"); }  // macOS 15.
  void setMathMode(MtlMathMode mode) const { Call<void, MtlMathMode>("setMathMode:", mode); }
  void setFastMathEnabled(bool enabled) const { Call<void, bool>("setFastMathEnabled:", enabled); }
};

struct MtlBuffer : NsObject {
  using NsObject::NsObject;
};

struct MtlFunction : NsObject {
  using NsObject::NsObject;
};

struct MtlLibrary : NsObject {
  using NsObject::NsObject;
  MtlFunction newFunctionWithName(NsString name) const {
    return Wrap<MtlFunction>(Call<ObjcId, ObjcId>("newFunctionWithName:", name.id()));
  }
};

struct MtlComputePipelineState : NsObject {
  using NsObject::NsObject;
  NsUInteger maxTotalThreadsPerThreadgroup() const {
    return Call<NsUInteger>("maxTotalThreadsPerThreadgroup");
  }
  NsUInteger threadExecutionWidth() const { return Call<NsUInteger>("threadExecutionWidth"); }
};

struct MtlComputeCommandEncoder : NsObject {
  using NsObject::NsObject;
  void setComputePipelineState(MtlComputePipelineState state) const {
    Call<void, ObjcId>("setComputePipelineState:", state.id());
  }
  void setBuffer(MtlBuffer buffer, NsUInteger offset, NsUInteger index) const {
    Call<void, ObjcId, NsUInteger, NsUInteger>("setBuffer:offset:atIndex:", buffer.id(), offset, index);
  }
  void setBytes(const void* bytes, NsUInteger length, NsUInteger index) const {
    Call<void, const void*, NsUInteger, NsUInteger>("setBytes:length:atIndex:", bytes, length, index);
  }
  void setThreadgroupMemoryLength(NsUInteger length, NsUInteger index) const {
    Call<void, NsUInteger, NsUInteger>("setThreadgroupMemoryLength:atIndex:", length, index);
  }
  void dispatchThreadgroups(MtlSize groups, MtlSize threads) const {
    Call<void, MtlSize, MtlSize>("dispatchThreadgroups:threadsPerThreadgroup:", groups, threads);
  }
  void endEncoding() const { Call<void>("endEncoding"); }
};

struct MtlCommandBuffer : NsObject {
  using NsObject::NsObject;
  // Of serial dispatch type: each dispatch sees what those before have written.
  MtlComputeCommandEncoder computeCommandEncoder() const {
    return Wrap<MtlComputeCommandEncoder>(Call<ObjcId>("computeCommandEncoder"));
  }
  void commit() const { Call<void>("commit"); }
  void waitUntilCompleted() const { Call<void>("waitUntilCompleted"); }
  MtlCommandBufferStatus status() const { return Call<MtlCommandBufferStatus>("status"); }
  NsError error() const { return Wrap<NsError>(Call<ObjcId>("error")); }
};

// macOS 15.
struct MtlResidencySet : NsObject {
  using NsObject::NsObject;
  void addAllocation(MtlBuffer buffer) const { Call<void, ObjcId>("addAllocation:", buffer.id()); }
  void commit() const { Call<void>("commit"); }
  void requestResidency() const { Call<void>("requestResidency"); }
};

struct MtlResidencySetDescriptor : NsObject {
  using NsObject::NsObject;
  static MtlResidencySetDescriptor New(const ObjcRuntime* runtime) {
    const MtlResidencySetDescriptor descriptor_class(runtime,
                                                     runtime->get_class("MTLResidencySetDescriptor"));
    return {runtime, descriptor_class.Call<ObjcId>("new")};
  }
};

struct MtlCommandQueue : NsObject {
  using NsObject::NsObject;
  // Does not keep what it uses alive: buffers and pipelines outlive it.
  MtlCommandBuffer commandBufferWithUnretainedReferences() const {
    return Wrap<MtlCommandBuffer>(Call<ObjcId>("commandBufferWithUnretainedReferences"));
  }
  void addResidencySet(MtlResidencySet set) const { Call<void, ObjcId>("addResidencySet:", set.id()); }
};

struct MtlDevice : NsObject {
  using NsObject::NsObject;
  NsString name() const { return Wrap<NsString>(Call<ObjcId>("name")); }
  NsUInteger maxBufferLength() const { return Call<NsUInteger>("maxBufferLength"); }
  bool HasResidencySets() const { return RespondsTo("newResidencySetWithDescriptor:error:"); }
  MtlCommandQueue newCommandQueue() const { return Wrap<MtlCommandQueue>(Call<ObjcId>("newCommandQueue")); }
  // Of these three `error` says what went wrong where null is returned.
  MtlLibrary newLibraryWithSource(NsString source, MtlCompileOptions options, NsError& error) const {
    return WithError<MtlLibrary, ObjcId, ObjcId>("newLibraryWithSource:options:error:", error, source.id(),
                                                 options.id());
  }
  MtlComputePipelineState newComputePipelineStateWithFunction(MtlFunction function, NsError& error) const {
    return WithError<MtlComputePipelineState, ObjcId>("newComputePipelineStateWithFunction:error:", error,
                                                      function.id());
  }
  MtlResidencySet newResidencySetWithDescriptor(MtlResidencySetDescriptor descriptor, NsError& error) const {
    return WithError<MtlResidencySet, ObjcId>("newResidencySetWithDescriptor:error:", error, descriptor.id());
  }
  // Whole pages, which outlive the buffer; without deallocator they stay the caller's.
  MtlBuffer newBufferWithBytesNoCopy(void* bytes, NsUInteger length, MtlResourceOptions options) const {
    return Wrap<MtlBuffer>(Call<ObjcId, void*, NsUInteger, MtlResourceOptions, void*>(
        "newBufferWithBytesNoCopy:length:options:deallocator:", bytes, length, options, nullptr));
  }

 private:
  template <typename Object, typename... Args>
  Object WithError(const char* method, NsError& error, Args... args) const {
    ObjcId id = nullptr;
    const ObjcId result = Call<ObjcId, Args..., ObjcId*>(method, args..., &id);
    error = Wrap<NsError>(id);
    return Wrap<Object>(result);
  }
};

}  // namespace bitnet

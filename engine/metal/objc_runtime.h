// The Objective-C runtime, as far as it takes to call Metal from C++: no headers or libraries of an SDK are
// needed, so that the program links against libSystem alone and can be built on Linux.
#pragma once

#include "absl/status/statusor.h"

namespace bitnet {

using ObjcId = void*;        // An object, or null.
using ObjcSelector = void*;  // The name of a method.

// The functions that everything goes through. Tests have a runtime of their own.
struct ObjcRuntime {
  ObjcId (*get_class)(const char* name);  // Null: there is no such class.
  ObjcSelector (*get_selector)(const char* name);
  // The function behind a method of an object or class: it takes the object, the selector, and the arguments.
  void* (*get_implementation)(ObjcId object, ObjcSelector selector);
  void* (*pool_push)();
  void (*pool_pop)(void* pool);
  ObjcId (*create_metal_device)();  // MTLCreateSystemDefaultDevice; null: there is no GPU.
};

// Of this system. FAILED_PRECONDITION: it has no Metal.
absl::StatusOr<ObjcRuntime> LoadObjcRuntime();

// What methods leave to be freed later is freed at the end of the scope; without one it never is.
class AutoreleasePool {
 public:
  explicit AutoreleasePool(const ObjcRuntime& runtime) : runtime_(runtime), pool_(runtime.pool_push()) {}
  ~AutoreleasePool() { runtime_.pool_pop(pool_); }
  AutoreleasePool(const AutoreleasePool&) = delete;

 private:
  const ObjcRuntime& runtime_;
  void* const pool_;
};

}  // namespace bitnet

#include <dlfcn.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/metal/objc_runtime.h"

namespace bitnet {
namespace {

absl::StatusOr<void*> Load(const char* path) {
  void* library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return absl::FailedPreconditionError(absl::StrCat("Metal: ", dlerror()));
  return library;
}

template <typename Function>
absl::Status Find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) return absl::FailedPreconditionError(absl::StrCat("Metal: there is no ", name));
  return absl::OkStatus();
}

ObjcId (*get_object_class)(ObjcId object);
void* (*get_method_implementation)(ObjcId object_class, ObjcSelector selector);

void* GetImplementation(ObjcId object, ObjcSelector selector) {
  // A class is an object whose class has its class methods.
  return get_method_implementation(get_object_class(object), selector);
}

}  // namespace

absl::StatusOr<ObjcRuntime> LoadObjcRuntime() {
  // They live in the system's cache of shared libraries and are never unloaded.
  ASSIGN_OR_RETURN(void* objc, Load("/usr/lib/libobjc.A.dylib"));
  ASSIGN_OR_RETURN(void* metal, Load("/System/Library/Frameworks/Metal.framework/Metal"));
  ObjcRuntime runtime = {};
  runtime.get_implementation = GetImplementation;
  RETURN_IF_ERROR(Find(objc, "objc_getClass", runtime.get_class));
  RETURN_IF_ERROR(Find(objc, "sel_registerName", runtime.get_selector));
  RETURN_IF_ERROR(Find(objc, "object_getClass", get_object_class));
  RETURN_IF_ERROR(Find(objc, "class_getMethodImplementation", get_method_implementation));
  RETURN_IF_ERROR(Find(objc, "objc_autoreleasePoolPush", runtime.pool_push));
  RETURN_IF_ERROR(Find(objc, "objc_autoreleasePoolPop", runtime.pool_pop));
  RETURN_IF_ERROR(Find(metal, "MTLCreateSystemDefaultDevice", runtime.create_metal_device));
  return runtime;
}

}  // namespace bitnet

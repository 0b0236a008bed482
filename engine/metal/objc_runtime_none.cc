#include "absl/status/status.h"
#include "engine/metal/objc_runtime.h"

namespace bitnet {

absl::StatusOr<ObjcRuntime> LoadObjcRuntime() {
  return absl::FailedPreconditionError("Metal is not on this system");
}

}  // namespace bitnet

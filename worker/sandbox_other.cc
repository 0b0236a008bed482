#include "worker/sandbox.h"

namespace bitnet {

Sandbox EnterSandbox() {
  return {.in_force = {},
          .missing = {"a process of this system cannot confine itself; deploy/launchd has a profile for it"}};
}

}  // namespace bitnet

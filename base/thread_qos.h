// What a thread's work is worth to whom: Apple's scheduler chooses cores by that, for threads cannot be
// pinned there.
#pragma once

#include "base/topology.h"

namespace bitnet {

// Classes of <sys/qos.h>.
enum class QosClass {
  kUserInitiated,  // Somebody waits for it: performance cores first.
  kUtility,        // Nobody looks at it: any core, with less energy and slower input and output.
  kBackground,     // Efficiency cores and no others.
};

// Of threads that compute a model's steps on cores of `kind`. On a Mac a worker of an efficiency cluster
// would otherwise take the cores of the others.
constexpr QosClass ComputeQos(CoreKind kind) {
  return kind == CoreKind::kEfficiency ? QosClass::kBackground : QosClass::kUserInitiated;
}

// Of the calling thread. macOS; without effect on Linux, where the front pins its workers.
void SetThreadQos(QosClass qos);

}  // namespace bitnet

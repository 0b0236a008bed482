// What a worker's exit code tells the supervisor. Any other code, or a signal, means: start it again.
#pragma once

namespace bitnet {

constexpr int kWorkerExitStopped = 0;  // It was asked to leave, or its parent left.
constexpr int kWorkerExitUsage =
    64;  // EX_USAGE: flags that it does not take; the same flags will fail again.
constexpr int kWorkerExitBadModel =
    78;  // EX_CONFIG: a missing or damaged model file, an ISA this CPU or build
         // has not. It will not change by itself: do not start it again.

}  // namespace bitnet

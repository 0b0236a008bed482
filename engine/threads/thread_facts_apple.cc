// Apple Silicon: sysctl. Threads cannot be pinned there, and nothing limits their time.
#include "base/apple/chip.h"
#include "engine/threads/default_threads.h"

namespace bitnet {

ThreadFacts ReadThreadFacts(const std::string& /*root*/) {
  return ThreadFactsOf(ReadAppleChip(SystemSysctl()));
}

}  // namespace bitnet

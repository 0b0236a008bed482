#include "service/power/allotment.h"

#include <cstddef>

namespace bitnet {
namespace {

// Deals up to `left` sequences to those that `takes` accepts, and takes them off it.
template <typename Takes>
void Deal(std::span<const WorkerRoom> workers, const Takes& takes, int& left, std::vector<int>& allotted) {
  for (bool any = true; any && left > 0;) {
    any = false;
    for (size_t i = 0; i < workers.size() && left > 0; ++i) {
      if (takes(workers[i]) && allotted[i] < workers[i].capacity) {
        ++allotted[i];
        --left;
        any = true;
      }
    }
  }
}

}  // namespace

std::vector<int> Allot(std::span<const WorkerRoom> workers, int sequences) {
  std::vector<int> allotted(workers.size(), 1);
  int left = sequences - static_cast<int>(workers.size());
  Deal(
      workers, [](const WorkerRoom& worker) { return worker.kind == CoreKind::kEfficiency; }, left, allotted);
  Deal(
      workers, [](const WorkerRoom& worker) { return worker.kind != CoreKind::kEfficiency; }, left, allotted);
  return allotted;
}

}  // namespace bitnet

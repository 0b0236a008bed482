#include "service/fleet/agent_weight.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "service/heat/heat_weight.h"

namespace bitnet {
namespace {

constexpr double kFullWeightUntil = 0.5;  // Of the load.
constexpr int kLeast = 10;                // Percent: a full front still takes what no other one can.
constexpr int kStep = 10;

double Share(double part, double whole) { return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0; }

// After " #" HAProxy shows all up to the end of the line, after "#" alone one word.
std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

}  // namespace

void AddWorkers(std::span<const WorkerPool::View> workers, AgentLoad& load) {
  for (const WorkerPool::View& worker : workers) {
    if (worker.up && worker.status.has_value()) {
      load.kv_blocks += worker.status->kv_blocks();
      load.kv_blocks_free += worker.status->kv_blocks_free();
      load.running += worker.status->running();
      load.waiting += worker.status->waiting();
    }
  }
  load.heat_weight = HeatWeight(workers);
}

int AgentWeight(const AgentLoad& load) {
  const int limit = std::clamp(load.limit_percent, 0, 100);
  if (load.draining || limit == 0) {
    return 0;
  }
  const double used =
      Share(static_cast<double>(load.kv_blocks - load.kv_blocks_free), static_cast<double>(load.kv_blocks));
  // Where none runs, those that wait have just come.
  const double behind = load.running == 0 ? 0
                                          : Share(static_cast<double>(load.waiting),
                                                  static_cast<double>(load.running + load.waiting));
  const double busy = std::max({used, behind, Share(load.queued, load.max_queued)});
  const double beyond = Share(busy - kFullWeightUntil, 1 - kFullWeightUntil);
  const double wanted = (100 - (100 - kLeast) * beyond) * load.heat_weight;
  const int free = std::max(kLeast, kStep * static_cast<int>(std::lround(wanted / kStep)));
  return std::max(1, free * limit / 100);
}

std::string AgentAnswer(const AgentLoad& load) {
  // In a drain the workers may be gone already, and that is no failure.
  if (!load.draining && !load.not_ready.empty()) {
    return absl::StrCat("down #", OneLine(load.not_ready), "\n");
  }
  return absl::StrCat("up ", AgentWeight(load), "%\n");
}

}  // namespace bitnet

// Linux: clusters from sysfs.
#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/linux_cpus.h"
#include "base/topology.h"

namespace bitnet {
namespace {

bool MayRunOn(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0 || cpu >= CPU_SETSIZE) {
    return true;
  }
  return CPU_ISSET(cpu, &set);
}

// The CPUs that share the highest-level cache with `cpu_dir`'s, as the kernel writes them; "" if it does not
// say.
std::string SharedCacheOf(const std::string& cpu_dir) {
  int best_level = 0;
  std::string shared;
  for (int index = 0;; ++index) {
    const std::string cache = absl::StrCat(cpu_dir, "/cache/index", index);
    const std::optional<std::string> level = ReadFirstLine(cache + "/level");
    if (!level.has_value()) {
      return shared;
    }
    int value = 0;
    if (absl::SimpleAtoi(*level, &value) && value > best_level) {
      best_level = value;
      shared = ReadFirstLine(cache + "/shared_cpu_list").value_or("");
    }
  }
}

struct Cpu {
  int number;
  int core_rank;  // 0 for the first logical CPU of a physical core, 1 for its sibling, …
  int64_t speed;
  std::string cache;
};

std::vector<Cpu> ReadCpus(const std::string& root) {
  std::vector<Cpu> cpus;
  for (const LinuxCpu& cpu : ReadLinuxCpus(root)) {
    if (root.empty() && !MayRunOn(cpu.number)) continue;
    const auto rank = std::ranges::count_if(cpu.siblings, [&](int other) { return other < cpu.number; });
    const std::string dir = absl::StrCat(root, "/sys/devices/system/cpu/cpu", cpu.number);
    cpus.push_back({cpu.number, static_cast<int>(rank), cpu.speed, SharedCacheOf(dir)});
  }
  return cpus;
}

struct Group {
  bool efficient;
  std::string cache;
  std::vector<Cpu> cpus;
};

// Groups in the order of their first CPU, efficiency cores last.
std::vector<Group> GroupCpus(const std::vector<Cpu>& cpus) {
  int64_t fastest = 0;
  for (const Cpu& cpu : cpus) {
    fastest = std::max(fastest, cpu.speed);
  }
  std::vector<Group> groups;
  for (const Cpu& cpu : cpus) {
    const bool efficient = !IsAsFastAs(cpu.speed, fastest);
    auto group = std::ranges::find_if(
        groups, [&](const Group& g) { return g.efficient == efficient && g.cache == cpu.cache; });
    if (group == groups.end()) {
      group = groups.insert(group, {efficient, cpu.cache, {}});
    }
    group->cpus.push_back(cpu);
  }
  std::ranges::stable_sort(groups, {}, &Group::efficient);
  return groups;
}

CpuCluster ToCluster(std::vector<Cpu> cpus, std::string name, CoreKind kind) {
  std::ranges::stable_sort(cpus, {}, &Cpu::core_rank);
  CpuCluster cluster{.name = std::move(name), .cpus = {}, .num_cores = 0, .kind = kind};
  for (const Cpu& cpu : cpus) {
    cluster.cpus.push_back(cpu.number);
    cluster.num_cores += cpu.core_rank == 0 ? 1 : 0;
  }
  // An affinity mask can leave only the second thread of each core.
  cluster.num_cores = std::max(cluster.num_cores, 1);
  return cluster;
}

}  // namespace

std::vector<CpuCluster> DiscoverClusters(const std::string& root) {
  std::vector<CpuCluster> clusters;
  int num_performance = 0;
  int num_efficiency = 0;
  for (Group& group : GroupCpus(ReadCpus(root))) {
    std::string name =
        group.efficient ? absl::StrCat("E", num_efficiency++) : absl::StrCat("P", num_performance++);
    clusters.push_back(ToCluster(std::move(group.cpus), std::move(name),
                                 group.efficient ? CoreKind::kEfficiency : CoreKind::kPerformance));
  }
  if (clusters.empty()) {
    const int cpus = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    clusters.push_back({.name = "P0", .cpus = {}, .num_cores = cpus});
  }
  return clusters;
}

}  // namespace bitnet

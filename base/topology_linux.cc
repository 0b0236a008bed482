// Linux: clusters from sysfs.
#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/topology.h"

namespace bitnet {
namespace {

std::optional<std::string> ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  absl::StripAsciiWhitespace(&line);
  return line;
}

// The kernel's list format: "0-3,8,10-11". What does not parse is skipped.
std::vector<int> ParseCpuList(absl::string_view list) {
  std::vector<int> cpus;
  for (absl::string_view part : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> range =
        absl::StrSplit(part, absl::MaxSplits('-', 1));
    int first = 0;
    int last = 0;
    if (!absl::SimpleAtoi(range.first, &first)) continue;
    if (!absl::SimpleAtoi(range.second, &last)) last = first;
    constexpr int kMostCpus = 1 << 16;  // Beyond any machine: a bound on what a strange file can make us do.
    for (int cpu = first; cpu <= last && cpu < kMostCpus; ++cpu) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

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
    const std::optional<std::string> level = ReadLine(cache + "/level");
    if (!level.has_value()) {
      return shared;
    }
    int value = 0;
    if (absl::SimpleAtoi(*level, &value) && value > best_level) {
      best_level = value;
      shared = ReadLine(cache + "/shared_cpu_list").value_or("");
    }
  }
}

// Relative speed of a CPU: cpu_capacity on Arm, the highest frequency on hybrid x86, 0 where neither is told.
int64_t SpeedOf(const std::string& cpu_dir) {
  for (const char* file : {"/cpu_capacity", "/cpufreq/cpuinfo_max_freq"}) {
    int64_t value = 0;
    if (absl::SimpleAtoi(ReadLine(cpu_dir + file).value_or(""), &value)) {
      return value;
    }
  }
  return 0;
}

struct Cpu {
  int number;
  int core_rank;  // 0 for the first logical CPU of a physical core, 1 for its sibling, …
  int64_t speed;
  std::string cache;
};

std::vector<Cpu> ReadCpus(const std::string& root) {
  const std::string base = root + "/sys/devices/system/cpu";
  std::vector<Cpu> cpus;
  for (int number : ParseCpuList(ReadLine(base + "/online").value_or(""))) {
    if (root.empty() && !MayRunOn(number)) continue;
    const std::string dir = absl::StrCat(base, "/cpu", number);
    const std::vector<int> siblings =
        ParseCpuList(ReadLine(dir + "/topology/thread_siblings_list").value_or(absl::StrCat(number)));
    const auto rank = std::ranges::count_if(siblings, [=](int other) { return other < number; });
    cpus.push_back({number, static_cast<int>(rank), SpeedOf(dir), SharedCacheOf(dir)});
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
    // Equal cores differ by a few per cent (favoured ones clock higher): only what is below four fifths of
    // the fastest is an efficiency core.
    const bool efficient = cpu.speed * 5 < fastest * 4;
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

CpuCluster ToCluster(std::vector<Cpu> cpus, std::string name) {
  std::ranges::stable_sort(cpus, {}, &Cpu::core_rank);
  CpuCluster cluster{.name = std::move(name), .cpus = {}, .num_cores = 0};
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
    clusters.push_back(ToCluster(std::move(group.cpus), std::move(name)));
  }
  if (clusters.empty()) {
    const int cpus = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    clusters.push_back({.name = "P0", .cpus = {}, .num_cores = cpus});
  }
  return clusters;
}

}  // namespace bitnet

#include "engine/threads/default_threads.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace bitnet {
namespace {

// Whether `chip` is "Apple M3" or one of its kinds, as "Apple M3 Pro" or "Apple M3 (Virtual)".
bool IsOfFamily(const std::string& chip, absl::string_view family) {
  return absl::StartsWith(chip, family) &&
         (chip.size() == family.size() || !absl::ascii_isalnum(chip[family.size()]));
}

int AppleThreads(const ThreadFacts& facts) {
  const int cores = facts.performance_cores;
  if (IsOfFamily(facts.chip, "Apple M1") || IsOfFamily(facts.chip, "Apple M2")) {
    return std::min(8, cores);
  }
  if (IsOfFamily(facts.chip, "Apple M3 Max")) {
    return std::min(12, cores + facts.efficiency_cores);
  }
  if (facts.chip == "Apple M3" || IsOfFamily(facts.chip, "Apple M3 Pro")) {
    return std::min(10, cores);
  }
  return cores;
}

std::vector<LinuxCpu> AllowedCpus(const ThreadFacts& facts) {
  std::vector<LinuxCpu> allowed = facts.cpus;
  if (facts.affinity.has_value()) {
    std::erase_if(allowed, [&](const LinuxCpu& cpu) {
      return std::ranges::find(*facts.affinity, cpu.number) == facts.affinity->end();
    });
  }
  return allowed;
}

// Physical cores with at least one of `cpus`.
int NumCores(const std::vector<LinuxCpu>& cpus) {
  std::set<int> first_siblings;
  for (const LinuxCpu& cpu : cpus) {
    first_siblings.insert(cpu.siblings.empty() ? cpu.number : cpu.siblings.front());
  }
  return static_cast<int>(first_siblings.size());
}

int NumFastestCores(std::vector<LinuxCpu> cpus) {
  int64_t fastest = 0;
  for (const LinuxCpu& cpu : cpus) {
    fastest = std::max(fastest, cpu.speed);
  }
  std::erase_if(cpus, [=](const LinuxCpu& cpu) { return !IsAsFastAs(cpu.speed, fastest); });
  return NumCores(cpus);
}

// Of the default and of candidates alike.
int Limited(int threads, const ThreadFacts& facts) {
  if (facts.quota.has_value()) {
    threads = static_cast<int>(std::min<double>(threads, std::ceil(*facts.quota)));
  }
  return std::max(1, threads);
}

}  // namespace

ThreadFacts ThreadFactsOf(const AppleChip& chip) {
  const int performance_cores = chip.levels.empty() ? 0 : chip.levels.front().cores;
  return {.chip = chip.name,
          .performance_cores = performance_cores,
          .efficiency_cores = chip.cores - performance_cores,
          .usable_cpus = chip.cores};
}

int DefaultThreads(const ThreadFacts& facts) {
  if (facts.performance_cores > 0) {
    return Limited(AppleThreads(facts), facts);
  }
  const std::vector<LinuxCpu> cpus = AllowedCpus(facts);
  return Limited(cpus.empty() ? facts.usable_cpus : NumFastestCores(cpus), facts);
}

std::vector<int> ThreadCandidates(const ThreadFacts& facts) {
  const int threads = DefaultThreads(facts);
  const std::vector<LinuxCpu> cpus = AllowedCpus(facts);
  std::set<int> candidates;
  for (const int candidate : {threads, (threads + 1) / 2, facts.performance_cores + facts.efficiency_cores,
                              NumCores(cpus), static_cast<int>(cpus.size())}) {
    if (candidate > 0) {
      candidates.insert(Limited(candidate, facts));
    }
  }
  return {candidates.begin(), candidates.end()};
}

}  // namespace bitnet

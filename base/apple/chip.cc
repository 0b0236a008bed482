#include "base/apple/chip.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

std::string Text(const SysctlReader& reader, const std::string& name) {
  return SysctlText(reader, name).value_or("");
}

int64_t Integer(const SysctlReader& reader, const std::string& name) {
  return SysctlInteger(reader, name).value_or(0);
}

int Count(const SysctlReader& reader, const std::string& name) {
  return static_cast<int>(Integer(reader, name));
}

// Names without a level, as hw.l2cachesize, answer for the slowest one, so they are not asked.
CoreLevel ReadLevel(const SysctlReader& reader, int number) {
  const std::string prefix = absl::StrCat("hw.perflevel", number, ".");
  CoreLevel level = {.name = Text(reader, prefix + "name"),
                     .cores = Count(reader, prefix + "physicalcpu"),
                     .cores_per_cluster = Count(reader, prefix + "cpusperl2"),
                     .l1d_bytes = Integer(reader, prefix + "l1dcachesize"),
                     .l2_bytes = Integer(reader, prefix + "l2cachesize")};
  if (level.cores_per_cluster <= 0 || level.cores_per_cluster > level.cores) {
    level.cores_per_cluster = level.cores;
  }
  return level;
}

}  // namespace

AppleChip ReadAppleChip(const SysctlReader& reader) {
  AppleChip chip = {.name = Text(reader, "machdep.cpu.brand_string"),
                    .model = Text(reader, "hw.model"),
                    .memory_bytes = Integer(reader, "hw.memsize"),
                    .page_bytes = Integer(reader, "hw.pagesize"),
                    .translated = Integer(reader, "sysctl.proc_translated") == 1};
  int cores = 0;
  const int levels = Count(reader, "hw.nperflevels");
  for (int number = 0; number < levels; ++number) {
    const CoreLevel level = ReadLevel(reader, number);
    if (level.cores <= 0) {
      break;
    }
    cores += level.cores;
    chip.levels.push_back(level);
  }
  chip.cores = std::max({1, cores, Count(reader, "hw.physicalcpu")});
  return chip;
}

std::vector<CpuCluster> ClustersOf(const AppleChip& chip) {
  std::vector<CpuCluster> clusters;
  int slower = 0;
  for (const CoreLevel& level : chip.levels) {
    const bool fastest = &level == &chip.levels.front();
    int number = fastest ? 0 : slower;
    for (int left = level.cores; left > 0; left -= level.cores_per_cluster) {
      clusters.push_back({.name = absl::StrCat(fastest ? "P" : "E", number++),
                          .cpus = {},
                          .num_cores = std::min(left, level.cores_per_cluster),
                          .kind = fastest ? CoreKind::kPerformance : CoreKind::kEfficiency});
    }
    slower = fastest ? 0 : number;
  }
  if (clusters.empty()) {
    clusters.push_back({.name = "P0", .cpus = {}, .num_cores = chip.cores});
  }
  return clusters;
}

}  // namespace bitnet

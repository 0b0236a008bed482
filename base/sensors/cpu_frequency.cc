#include "base/sensors/cpu_frequency.h"

#include "absl/strings/str_cat.h"
#include "base/linux_cpus.h"
#include "base/sensors/sysfs_file.h"

namespace bitnet {
namespace {

constexpr double kKilo = 1e3;  // cpufreq tells kHz.

std::string Directory(const std::string& root, int cpu) {
  return absl::StrCat(root, "/sys/devices/system/cpu/cpu", cpu);
}

}  // namespace

std::vector<CpuFrequency> ReadCpuFrequencies(const std::string& root) {
  std::vector<CpuFrequency> frequencies;
  for (const LinuxCpu& cpu : ReadLinuxCpus(root)) {
    const std::string directory = Directory(root, cpu.number) + "/cpufreq";
    const std::optional<int64_t> now = ReadSysfsInt(directory + "/scaling_cur_freq");
    if (!now.has_value()) continue;
    frequencies.push_back({.cpu = absl::StrCat(cpu.number), .hertz = static_cast<double>(*now) * kKilo});
    if (const std::optional<int64_t> most = ReadSysfsInt(directory + "/cpuinfo_max_freq")) {
      frequencies.back().max_hertz = static_cast<double>(*most) * kKilo;
    }
  }
  return frequencies;
}

std::optional<uint64_t> ReadThrottleEvents(const std::string& root) {
  std::optional<uint64_t> events;
  for (const LinuxCpu& cpu : ReadLinuxCpus(root)) {
    if (cpu.siblings.front() != cpu.number) continue;  // They show the same count.
    const std::optional<int64_t> count =
        ReadSysfsInt(Directory(root, cpu.number) + "/thermal_throttle/core_throttle_count");
    if (count.has_value() && *count >= 0) {
      events = events.value_or(0) + static_cast<uint64_t>(*count);
    }
  }
  return events;
}

}  // namespace bitnet

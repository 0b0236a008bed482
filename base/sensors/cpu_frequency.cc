#include "base/sensors/cpu_frequency.h"

#include "absl/strings/str_cat.h"
#include "base/linux_cpus.h"
#include "base/sensors/sysfs_file.h"

namespace bitnet {
namespace {

// cpufreq tells kHz.
std::optional<double> ReadHertz(const std::string& path) {
  const std::optional<int64_t> kilohertz = ReadSysfsInt(path);
  return kilohertz.has_value() ? std::optional(static_cast<double>(*kilohertz) * 1e3) : std::nullopt;
}

}  // namespace

CpuFrequencies::CpuFrequencies(const std::string& root) {
  for (const LinuxCpu& cpu : ReadLinuxCpus(root)) {
    const std::string directory = absl::StrCat(root, "/sys/devices/system/cpu/cpu", cpu.number);
    cpus_.push_back({.name = absl::StrCat(cpu.number),
                     .path = directory + "/cpufreq/scaling_cur_freq",
                     .max_hertz = ReadHertz(directory + "/cpufreq/cpuinfo_max_freq")});
    if (cpu.siblings.front() == cpu.number) {
      throttle_paths_.push_back(directory + "/thermal_throttle/core_throttle_count");
    }
  }
}

std::vector<CpuFrequency> CpuFrequencies::Read() const {
  std::vector<CpuFrequency> frequencies;
  for (const Cpu& cpu : cpus_) {
    if (const std::optional<double> now = ReadHertz(cpu.path)) {
      frequencies.push_back({.cpu = cpu.name, .hertz = *now, .max_hertz = cpu.max_hertz});
    }
  }
  return frequencies;
}

std::optional<uint64_t> CpuFrequencies::ReadThrottleEvents() const {
  std::optional<uint64_t> events;
  for (const std::string& path : throttle_paths_) {
    if (const std::optional<int64_t> count = ReadSysfsInt(path); count.has_value() && *count >= 0) {
      events = events.value_or(0) + static_cast<uint64_t>(*count);
    }
  }
  return events;
}

}  // namespace bitnet

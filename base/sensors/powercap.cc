#include "base/sensors/powercap.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/linux_cpus.h"
#include "base/sensors/sysfs_file.h"
#include "base/sensors/wrapping_counter.h"

namespace bitnet {
namespace {

constexpr double kMicro = 1e-6;

struct Zone {
  SysfsFile energy;
  WrappingCounter counter;
};

class PowercapSource final : public EnergySource {
 public:
  PowercapSource(std::string scope, std::vector<Zone> zones)
      : label_{"powercap", std::move(scope)}, zones_(std::move(zones)) {}

  const EnergyLabel& label() const override { return label_; }

  // A zone that fails now keeps what it had: its counter goes on, and the next reading has it all.
  std::optional<double> ReadJoules() override {
    uint64_t total = 0;
    bool any = false;
    for (Zone& zone : zones_) {
      if (const std::optional<int64_t> raw = zone.energy.ReadInt(); raw.has_value() && *raw >= 0) {
        zone.counter.Advance(static_cast<uint64_t>(*raw));
        any = true;
      }
      total += zone.counter.total();
    }
    return any ? std::optional<double>(static_cast<double>(total) * kMicro) : std::nullopt;
  }

 private:
  const EnergyLabel label_;
  std::vector<Zone> zones_;
};

// "package-0" and "package-1-die-0" are packages.
std::string ScopeOf(const std::string& zone_name) {
  return absl::StartsWith(zone_name, "package") ? "package" : zone_name;
}

// All or nothing: a sum over some of the sockets would be taken for all of them.
absl::StatusOr<std::vector<Zone>> OpenZones(const std::vector<std::string>& directories) {
  std::vector<Zone> zones;
  for (const std::string& directory : directories) {
    absl::StatusOr<SysfsFile> energy = SysfsFile::Open(directory + "/energy_uj");
    if (!energy.ok()) {
      return energy.status();
    }
    const int64_t range = ReadSysfsInt(directory + "/max_energy_range_uj").value_or(0);
    zones.push_back({*std::move(energy), WrappingCounter(range > 0 ? static_cast<uint64_t>(range) : 0)});
  }
  return zones;
}

std::string Explain(const absl::Status& status) {
  return absl::IsPermissionDenied(status) ? absl::StrCat("powercap: ", status.message(),
                                                         "; only root may read it unless its mode is changed")
                                          : absl::StrCat("powercap: ", status.message());
}

}  // namespace

EnergySources FindPowercap(const std::string& root, std::vector<std::string>& problems) {
  const std::string base = root + "/sys/class/powercap";
  std::map<std::string, std::vector<std::string>> by_scope;  // Directories of zones.
  std::map<std::string, std::vector<std::string>> mmio;
  for (const std::string& name : ListSysfs(base)) {
    const std::string directory = absl::StrCat(base, "/", name);
    // Zones have numbers behind a colon; the control types that they belong to have none.
    if (const auto zone = ReadFirstLine(directory + "/name");
        zone.has_value() && absl::StrContains(name, ':')) {
      (absl::StrContains(name, "mmio") ? mmio : by_scope)[ScopeOf(*zone)].push_back(directory);
    }
  }
  EnergySources sources;
  const auto open = [&](const std::string& scope, const std::vector<std::string>& directories) {
    absl::StatusOr<std::vector<Zone>> zones = OpenZones(directories);
    if (zones.ok()) {
      sources.push_back(std::make_unique<PowercapSource>(scope, *std::move(zones)));
    }
    return zones.status();
  };
  std::string problem;  // Once, not for each of its zones: they all have the same reason.
  for (const auto& [scope, directories] : by_scope) {
    absl::Status status = open(scope, directories);
    if (!status.ok() && mmio.contains(scope)) {
      status = open(scope, mmio[scope]);
    }
    mmio.erase(scope);
    if (!status.ok() && problem.empty()) problem = Explain(status);
  }
  for (const auto& [scope, directories] : mmio) {
    const absl::Status status = open(scope, directories);
    if (!status.ok() && problem.empty()) problem = Explain(status);
  }
  if (!problem.empty()) problems.push_back(std::move(problem));
  return sources;
}

}  // namespace bitnet

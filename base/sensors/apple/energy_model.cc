#include "base/sensors/apple/energy_model.h"

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace bitnet {
namespace {

std::optional<double> JoulesOfUnit(absl::string_view unit) {
  unit = absl::StripAsciiWhitespace(unit);
  if (unit == "mJ") return 1e-3;
  if (unit == "uJ") return 1e-6;
  if (unit == "nJ") return 1e-9;
  return std::nullopt;
}

// "GPU SRAM" is within "GPU Energy".
absl::string_view ScopeOf(absl::string_view channel) {
  if (absl::EndsWith(channel, "CPU Energy")) return "cpu";
  if (absl::EndsWith(channel, "GPU Energy")) return "gpu";
  if (absl::StartsWith(channel, "ANE")) return "ane";
  if (absl::StartsWith(channel, "DRAM")) return "dram";
  return "";
}

class EnergyModelSource final : public EnergySource {
 public:
  EnergyModelSource(std::string scope, EnergyModelReader reader)
      : label_{"ioreport", std::move(scope)}, reader_(std::move(reader)) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override {
    const std::map<std::string, double> joules = JoulesByScope(reader_());
    const auto at = joules.find(label_.scope);
    return at != joules.end() ? std::optional(at->second) : std::nullopt;
  }

 private:
  const EnergyLabel label_;
  const EnergyModelReader reader_;
};

}  // namespace

std::map<std::string, double> JoulesByScope(std::span<const EnergyChannel> channels) {
  std::map<std::string, double> joules;
  std::set<std::string> unknown;
  for (const EnergyChannel& channel : channels) {
    const std::string scope(ScopeOf(channel.name));
    if (scope.empty()) continue;
    if (const std::optional<double> unit = JoulesOfUnit(channel.unit)) {
      joules[scope] += static_cast<double>(channel.value) * *unit;
    } else {
      unknown.insert(scope);
    }
  }
  for (const std::string& scope : unknown) joules.erase(scope);
  return joules;
}

EnergySources MakeEnergyModelSources(const EnergyModelReader& reader) {
  EnergySources sources;
  if (reader == nullptr) {
    return sources;
  }
  for (const auto& [scope, joules] : JoulesByScope(reader())) {
    sources.push_back(std::make_unique<EnergyModelSource>(scope, reader));
  }
  return sources;
}

}  // namespace bitnet

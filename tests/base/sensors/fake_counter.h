// Counters that a test moves.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/sensors/energy_source.h"

namespace bitnet {

class FakeCounter final : public EnergySource {
 public:
  // Borrows what it shows.
  FakeCounter(EnergyLabel label, const std::optional<double>* joules)
      : label_(std::move(label)), joules_(joules) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override { return *joules_; }

 private:
  const EnergyLabel label_;
  const std::optional<double>* const joules_;
};

inline EnergySources Sources(
    const std::vector<std::pair<EnergyLabel, const std::optional<double>*>>& counters) {
  EnergySources sources;
  for (const auto& [label, joules] : counters) {
    sources.push_back(std::make_unique<FakeCounter>(label, joules));
  }
  return sources;
}

}  // namespace bitnet

// Sensors of the machines in tests/base/fixtures.
#pragma once

#include <optional>
#include <string>

#include "base/sensors/sensors.h"
#include "tests/base/fake_root.h"

namespace bitnet {

inline std::string FixturePath(const std::string& name) { return std::string(BITNET_FIXTURES "/") + name; }

class FakeMachine : public FakeRoot {
 public:
  explicit FakeMachine(const std::string& fixture) { WriteFixture(FixturePath(fixture)); }
  Sensors Find() const { return FindSensors({.root = path()}); }
};

// Null if there is none.
inline EnergySource* FindSource(const EnergySources& sources, const EnergyLabel& label) {
  for (const auto& source : sources) {
    if (source->label() == label) return source.get();
  }
  return nullptr;
}

}  // namespace bitnet

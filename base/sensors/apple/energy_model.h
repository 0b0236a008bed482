// IOReport's group "Energy Model": what macOS estimates for each part of the chip.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/sensors/energy_source.h"

namespace bitnet {

// One channel of a sample. Its value has been rising since the machine started.
struct EnergyChannel {
  std::string name;  // "CPU Energy", "GPU Energy", "ANE0", "DRAM0", "DIE_0_CPU Energy".
  std::string unit;  // "mJ", "uJ" or "nJ", with blanks around it.
  int64_t value = 0;
};

// Joules by scope: "cpu", "gpu", "ane", "dram", with the channels of several dies added. Channels of single
// cores and of what else there is are parts of these, or nothing we know. A scope with a channel in a unit
// that we do not know is left out: a wrong number would be worse than none.
std::map<std::string, double> JoulesByScope(std::span<const EnergyChannel> channels);

// A sample of all channels; empty if there are none.
using EnergyModelReader = std::function<std::vector<EnergyChannel>()>;

// One source ("ioreport") for each scope that there is now.
EnergySources MakeEnergyModelSources(const EnergyModelReader& reader);

// Of this machine; macOS only. It is a private library's, which is looked for at run time: null where the
// system has none, or does not let us use it. Any later macOS may.
EnergyModelReader OpenEnergyModel();

}  // namespace bitnet

// Joules that the CPU packages have used, where the system counts them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bitnet {

// Linux's powercap (RAPL): <root>/sys/class/powercap/intel-rapl:N/energy_uj of all packages. Counters that
// are not there or may not be read (the file is root's on many systems) are left out; without any there is no
// energy, which is not the same as 0. Used by one thread at a time.
class EnergyMeter {
 public:
  explicit EnergyMeter(const std::string& root = "");

  bool available() const { return !counters_.empty(); }
  // Since creation. Nothing if there is no counter, or one could no longer be read.
  std::optional<double> Joules();

 private:
  struct Counter {
    std::string path;
    uint64_t last;
    uint64_t range;  // Where it begins again at 0.
  };
  std::vector<Counter> counters_;
  double microjoules_ = 0;
};

}  // namespace bitnet

// Reads what Apple's powermetrics prints as text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/sensors/heat.h"

namespace bitnet {

// One of its samples, with the fields that it had.
struct PowermetricsSample {
  absl::Duration elapsed = {};               // What it covers: longer than was asked for.
  std::map<std::string, double> watts = {};  // Mean, by scope: "cpu", "gpu", "ane", "package".
  std::optional<ThermalPressure> pressure = {};
  std::vector<CpuFrequency> frequencies = {};  // Of clusters.
};

// Fed with the output as it comes, in any pieces.
class PowermetricsParser {
 public:
  // Returns the samples that are complete with it: one is when the next begins.
  std::vector<PowermetricsSample> Feed(absl::string_view text);

 private:
  void TakeLine(absl::string_view line, std::vector<PowermetricsSample>& complete);

  std::string line_;                          // So far.
  std::optional<PowermetricsSample> sample_;  // Under way.
};

}  // namespace bitnet

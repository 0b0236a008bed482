// Follows a file that powermetrics writes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sensors/apple/powermetrics.h"
#include "base/sensors/energy_source.h"

namespace bitnet {

// For who lets root run, as a launchd daemon, say,
//   powermetrics -i 1000 --samplers cpu_power,gpu_power,ane_power,thermal -o FILE
// Counts from the file's end when it is opened; a file that was begun anew is read from its beginning.
// Used by one thread.
class PowermetricsFile {
 public:
  // Nothing is read before Update; a file that is not there yet may come.
  explicit PowermetricsFile(std::string path);

  // Takes what was written since.
  void Update();

  const std::map<std::string, double>& joules() const { return joules_; }  // By scope, since it was opened.
  // Of the last sample; null before the first.
  const PowermetricsSample* last() const { return last_.has_value() ? &*last_ : nullptr; }

 private:
  void Take(PowermetricsSample sample);

  const std::string path_;
  std::streamoff read_ = 0;  // Bytes.
  PowermetricsParser parser_;
  std::map<std::string, double> joules_;
  std::optional<PowermetricsSample> last_;
};

// "cpu", "gpu" and "ane" of it (source "powermetrics").
EnergySources MakePowermetricsSources(const std::shared_ptr<PowermetricsFile>& file);

}  // namespace bitnet

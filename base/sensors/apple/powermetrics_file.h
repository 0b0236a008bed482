// Follows a file that powermetrics writes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/sensors/apple/powermetrics.h"
#include "base/sensors/energy_source.h"

namespace bitnet {

// For who lets root run, as a launchd daemon, say,
//   powermetrics -i 1000 --samplers cpu_power,gpu_power,ane_power,thermal -o FILE
// Counts from the file's end when it is opened; a file that was begun anew is read from its beginning.
// Safe to share: who counts joules and who looks at the heat are different threads.
class PowermetricsFile {
 public:
  // Nothing is read before ReadJoules; a file that is not there yet may come.
  explicit PowermetricsFile(std::string path);

  // Takes what was written since. The joules of `scope` since it was opened; nothing if none were told.
  std::optional<double> ReadJoules(const std::string& scope);
  // The last sample that was taken; nothing before the first.
  std::optional<PowermetricsSample> last() const;

 private:
  void Update() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(PowermetricsSample sample) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  mutable absl::Mutex mutex_;
  std::streamoff read_ ABSL_GUARDED_BY(mutex_) = 0;  // Bytes.
  PowermetricsParser parser_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, double> joules_ ABSL_GUARDED_BY(mutex_);  // By scope.
  std::optional<PowermetricsSample> last_ ABSL_GUARDED_BY(mutex_);
};

// "cpu", "gpu" and "ane" of it (source "powermetrics").
EnergySources MakePowermetricsSources(const std::shared_ptr<PowermetricsFile>& file);

}  // namespace bitnet

// The model that is measured: a file, a directory, or one made in memory.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/models/random_model.h"
#include "bench/options.h"
#include "engine/engine.h"

namespace bitnet {

struct LoadedEngine {
  std::unique_ptr<Engine> engine;
  std::string type;          // Of the layers' matrices, as stored.
  absl::Duration load_time;  // From opening the file to an engine that takes requests.
};

class BenchModel {
 public:
  // As --model, --shape, --type and --head say; without any, the model that comes with the program.
  // `positions`: so many a sequence must be able to have; shapes are stretched to it.
  static absl::StatusOr<BenchModel> Open(const BenchOptions& options, size_t positions);

  // INVALID_ARGUMENT: its sequences cannot have so many positions.
  absl::StatusOr<LoadedEngine> Load(const EngineOptions& options) const;

  // The file that Load makes an engine of; a made one points into this.
  absl::StatusOr<std::unique_ptr<ModelFile>> File(FileAccess access) const;

  const std::string& name() const { return name_; }

 private:
  std::string name_;
  size_t positions_ = 0;
  std::string path_;                 // "": made_.
  std::unique_ptr<MadeModel> made_;  // Outlives the engines.
};

// What all commands take from the command line. INVALID_ARGUMENT: an instruction set that is not there.
absl::StatusOr<EngineOptions> MakeEngineOptions(const BenchOptions& options, int threads);

}  // namespace bitnet

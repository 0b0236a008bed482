// Which models a front serves, as its flags say it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

struct ModelSpec {
  std::string name;                        // What requests, metrics and health call it.
  std::string path;                        // Of the model file.
  std::vector<std::string> aliases = {};   // Other names for it.
  std::vector<std::string> adapters = {};  // NAME=PATH of what its workers load when they start.
};

// From the values of --model (PATH or NAME=PATH; the first one is the default), --alias (NAME=MODEL) and
// --adapter (NAME=PATH for the default model, or MODEL,NAME=PATH). A model without a name is called as its
// file, without
// ".gguf". INVALID_ARGUMENT: no name can be read, one is there twice, or one is of no model.
absl::StatusOr<std::vector<ModelSpec>> PlanModels(const std::vector<std::string>& models,
                                                  const std::vector<std::string>& aliases,
                                                  const std::vector<std::string>& adapters);

}  // namespace bitnet

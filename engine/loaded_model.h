// A model file with its weights made ready.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

struct LoadedModel {
  std::unique_ptr<ModelFile> file;
  ModelConfig config;
  ModelWeights weights;  // Points into `file`.

  // DATA_LOSS or UNIMPLEMENTED names the key or tensor that is in the way.
  static absl::StatusOr<LoadedModel> Load(std::unique_ptr<ModelFile> file, const WeightOptions& options,
                                          ThreadPool& pool);
};

}  // namespace bitnet

#include "engine/loaded_model.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

// What kernels/attention can do.
constexpr size_t kMaxHeadDim = 256;
constexpr size_t kHeadDimStep = 4;

}  // namespace

absl::StatusOr<LoadedModel> LoadedModel::Load(std::unique_ptr<ModelFile> file, const WeightOptions& options,
                                              ThreadPool& pool) {
  LoadedModel model;
  ASSIGN_OR_RETURN(model.config, ReadModelConfig(*file));
  const size_t head_dim = model.config.head_dim;
  if (head_dim > kMaxHeadDim || head_dim % kHeadDimStep != 0) {
    return absl::UnimplementedError(
        absl::StrFormat("%s: heads of %d dimensions; only multiples of %d up to %d are supported",
                        file->path(), head_dim, kHeadDimStep, kMaxHeadDim));
  }
  ASSIGN_OR_RETURN(model.weights, ModelWeights::Load(*file, model.config, options, pool));
  model.file = std::move(file);
  return model;
}

}  // namespace bitnet

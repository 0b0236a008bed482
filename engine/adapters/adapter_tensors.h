// From the named tensors of an adapter's file to an Adapter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/adapters/adapter.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"

namespace bitnet {

// One half of a pair, as a reader found it.
struct AdapterTensor {
  size_t layer;
  ProjectionKind kind;
  enum Half : uint8_t { kA, kB } half;
  ModelTensor tensor;  // Of A: dims {k, rank}; of B: dims {rank, rows}.
};

// The scale of the pair that `b` belongs to, given its rank. An error names the tensor.
using AdapterScale = std::function<absl::StatusOr<double>(const AdapterTensor& b, size_t rank)>;

// Puts the halves together and decodes them to floats. DATA_LOSS: a half is alone or there twice, layers or
// dimensions are not the model's, ranks differ or are beyond kMaxAdapterRank, a value or scale is not finite
// or there is no pair at all; UNIMPLEMENTED: a type that is not read; both name the tensor.
// RESOURCE_EXHAUSTED: the floats would take more than `max_bytes`. Messages begin with `path`. All shapes are
// checked before memory is taken for values.
absl::StatusOr<std::unique_ptr<Adapter>> AssembleAdapter(const std::string& path, const ModelConfig& config,
                                                         const std::vector<AdapterTensor>& tensors,
                                                         const AdapterScale& scale, size_t max_bytes);

}  // namespace bitnet

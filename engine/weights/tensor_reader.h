// Typed access to a model file's tensors, with everything checked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

// The tensor `name`, which must have `dims` (the contiguous one first). DATA_LOSS: it is missing or has
// others.
absl::StatusOr<const ModelTensor*> FindTensor(const ModelFile& file, const std::string& name,
                                              std::initializer_list<uint64_t> dims);

// A vector of n finite floats, of any type that holds floats. DATA_LOSS or UNIMPLEMENTED names the tensor.
absl::StatusOr<std::vector<float>> ReadFloats(const ModelFile& file, const std::string& name, uint64_t n);

}  // namespace bitnet

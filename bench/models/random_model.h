// Models of known shapes with random weights, made in memory: speed does not depend on what weights say (but
// for the zeros that squared ReLU makes, half of all with these).
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/models/shapes.h"
#include "engine/aligned_buffer.h"
#include "engine/model/model_file.h"

namespace bitnet {

class MadeModel {
 public:
  // `type` and `head` are those of the layers' matrices and of embedding and head. INVALID_ARGUMENT: a type
  // that cannot hold rows of the shape's lengths.
  static absl::StatusOr<std::unique_ptr<MadeModel>> Create(const ModelShape& shape, const WeightType& type,
                                                           const WeightType& head);

  // The model as a file, as often as needed. It points into this.
  std::unique_ptr<ModelFile> File() const;

 private:
  MadeModel() = default;

  std::string name_;
  ModelKeys keys_;
  std::vector<ModelTensor> tensors_;
  AlignedBuffer<uint8_t> memory_;
};

}  // namespace bitnet

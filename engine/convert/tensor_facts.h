// What a tensor to be converted turns out to hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {

struct TensorFacts {
  std::string name;
  GgmlType type = GgmlType::kF32;
  size_t dimensions = 1;
  size_t rows = 1;
  size_t k = 0;
  uint64_t bytes = 0;
  bool embedding = false;  // The token embedding or the output head.
  // Its bytes are those of a GGUF file: the order of rows, the layout of I2_S, weights that are not yet to be
  // quantised.
  bool as_stored = true;

  CodeRange codes = CodeRange::kNone;  // Found in the weights where the type holds floats.
  size_t group = 0;                    // Neighbours that share a scale, where there are codes.
  bool tensor_scale = false;           // One scale by the type's definition.
  bool uniform = false;                // One scale, as it turned out.
};

// Finds them for one tensor. Takes a pass over the weights; one of floats ends where they cannot be codes, as
// a rule with the first 32. DATA_LOSS and UNIMPLEMENTED name the tensor.
absl::StatusOr<TensorFacts> FindFacts(const ModelTensor& tensor, I2sLayout i2s, ThreadPool& pool);

}  // namespace bitnet

// The part of a GGUF file before its tensors' data, as bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

// A tensor that is to be written.
struct GgufTensorPlan {
  std::string name;
  GgmlType type;
  std::vector<uint64_t> dims;  // dims[0] is the contiguous one.
  uint64_t bytes;
};

// Header, keys and tensor table, filled up to a multiple of `alignment`; tensors are placed in their order,
// each at the next such multiple. An integer is written as uint32 if it fits, or int32 if it is negative, and
// in 64 bits otherwise; other numbers in single precision unless they are beyond it. `general.alignment` says
// `alignment` where this is not the format's default of 32, whatever `keys` has. INVALID_ARGUMENT: what no
// reader would take, such as a name that is empty, too long or there twice, or a type with another size.
absl::StatusOr<std::vector<uint8_t>> GgufHeader(const ModelKeys& keys,
                                                std::span<const GgufTensorPlan> tensors, uint64_t alignment);

}  // namespace bitnet

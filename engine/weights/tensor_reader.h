// Typed access to a model file's tensors, with everything checked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// The tensor `name`, which must be of `type` and have `dims` (the contiguous one first).
absl::StatusOr<const ModelTensor*> FindTensor(const ModelFile& file, const std::string& name, GgmlType type,
                                             std::initializer_list<uint64_t> dims);

// A vector of n finite floats, left in the file.
absl::StatusOr<std::span<const float>> ReadFloats(const ModelFile& file, const std::string& name, uint64_t n);

// A matrix of finite halves, row-major, left in the file.
absl::StatusOr<std::span<const uint16_t>> ReadHalfMatrix(const ModelFile& file, const std::string& name,
                                                         uint64_t rows, uint64_t k, ThreadPool& pool);

// Packs a ternary matrix into `memory`, which has padded_rows() * k / 4 bytes for it. With `memory` null,
// checks what can be checked without decoding it.
absl::StatusOr<TernaryMatrix> ReadTernaryMatrix(const ModelFile& file, const std::string& name, uint64_t rows,
                                                uint64_t k, uint8_t* memory, ThreadPool& pool);

}  // namespace bitnet

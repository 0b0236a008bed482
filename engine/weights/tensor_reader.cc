#include "engine/weights/tensor_reader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/weights/half.h"
#include "engine/weights/i2s.h"

namespace bitnet {
namespace {

std::string Shape(std::span<const uint64_t> dims) { return "{" + absl::StrJoin(dims, ", ") + "}"; }

// The tensor's bytes as values of T. The file aligns tensors, so only bytes parsed in memory can be off.
template <typename T>
absl::StatusOr<std::span<const T>> Values(const ModelFile& file, const ModelTensor& tensor) {
  if (reinterpret_cast<uintptr_t>(tensor.data.data()) % alignof(T) != 0) {
    return absl::DataLossError(
        absl::StrFormat("%s: tensor %s is not aligned to %d bytes", file.path(), tensor.name, alignof(T)));
  }
  return std::span(reinterpret_cast<const T*>(tensor.data.data()), tensor.data.size() / sizeof(T));
}

absl::Status NotFinite(const ModelFile& file, const ModelTensor& tensor) {
  return absl::DataLossError(
      absl::StrFormat("%s: tensor %s holds a value that is not finite", file.path(), tensor.name));
}

// Unpacks 16 rows, packs them into a tile; rows past the end are zeros. False if a code is 3.
bool PackTile(std::span<const uint8_t> blocks, size_t rows, size_t k, size_t tile, std::span<int8_t> weights,
              uint8_t* packed) {
  const size_t first_row = tile * kTernaryTileRows;
  const size_t num_weights = std::min(kTernaryTileRows, rows - first_row) * k;
  std::fill(weights.begin() + num_weights, weights.end(), 0);
  const bool valid = UnpackI2s(blocks.subspan(first_row * k / 4), weights.first(num_weights));
  PackTernaryTile(k, weights.data(), packed + tile * TernaryTileBytes(k));
  return valid;
}

}  // namespace

absl::StatusOr<const ModelTensor*> FindTensor(const ModelFile& file, const std::string& name, GgmlType type,
                                             std::initializer_list<uint64_t> dims) {
  absl::StatusOr<const ModelTensor*> tensor = file.GetTensor(name);
  if (absl::IsNotFound(tensor.status())) {
    return absl::DataLossError(absl::StrFormat("%s: tensor %s is missing", file.path(), name));
  }
  RETURN_IF_ERROR(tensor.status());
  if ((*tensor)->type != type) {
    return absl::UnimplementedError(absl::StrFormat("%s: tensor %s has type %s, only %s is supported for it",
                                                    file.path(), name, GgmlTypeName((*tensor)->type),
                                                    GgmlTypeName(type)));
  }
  if (!std::ranges::equal((*tensor)->dims, dims)) {
    return absl::DataLossError(absl::StrFormat("%s: tensor %s has shape %s, not %s", file.path(), name,
                                               Shape((*tensor)->dims), Shape({dims.begin(), dims.end()})));
  }
  return tensor;
}

absl::StatusOr<std::span<const float>> ReadFloats(const ModelFile& file, const std::string& name, uint64_t n) {
  ASSIGN_OR_RETURN(const ModelTensor* tensor, FindTensor(file, name, GgmlType::kF32, {n}));
  ASSIGN_OR_RETURN(std::span<const float> values, Values<float>(file, *tensor));
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    return NotFinite(file, *tensor);
  }
  return values;
}

absl::StatusOr<std::span<const uint16_t>> ReadHalfMatrix(const ModelFile& file, const std::string& name,
                                                         uint64_t rows, uint64_t k, ThreadPool& pool) {
  ASSIGN_OR_RETURN(const ModelTensor* tensor, FindTensor(file, name, GgmlType::kF16, {k, rows}));
  ASSIGN_OR_RETURN(std::span<const uint16_t> values, Values<uint16_t>(file, *tensor));
  std::atomic<bool> finite = true;
  pool.ParallelFor(values.size(), [&](size_t begin, size_t end) {
    bool all = true;
    for (size_t i = begin; i < end; ++i) {
      all &= IsFiniteHalf(values[i]);
    }
    if (!all) {
      finite = false;
    }
  });
  if (!finite) {
    return NotFinite(file, *tensor);
  }
  return values;
}

absl::StatusOr<TernaryMatrix> ReadTernaryMatrix(const ModelFile& file, const std::string& name, uint64_t rows,
                                                uint64_t k, uint8_t* memory, ThreadPool& pool) {
  ASSIGN_OR_RETURN(const ModelTensor* tensor, FindTensor(file, name, GgmlType::kI2S, {k, rows}));
  if (k % kI2sBlockWeights != 0) {
    return absl::UnimplementedError(absl::StrFormat("%s: tensor %s has rows of %d, not a multiple of %d",
                                                    file.path(), name, k, kI2sBlockWeights));
  }
  const TernaryMatrix matrix = {
      .rows = rows, .k = k, .scale = I2sScale(tensor->data, rows * k), .packed = memory};
  if (!std::isfinite(matrix.scale)) {
    return NotFinite(file, *tensor);
  }
  if (memory == nullptr) {
    return matrix;
  }
  std::atomic<bool> valid = true;
  pool.ParallelFor(matrix.tiles(), [&](size_t begin, size_t end) {
    std::vector<int8_t> weights(kTernaryTileRows * k);
    for (size_t tile = begin; tile < end; ++tile) {
      if (!PackTile(tensor->data, rows, k, tile, weights, memory)) {
        valid = false;
      }
    }
  });
  if (!valid) {
    return absl::DataLossError(
        absl::StrFormat("%s: tensor %s holds a code 3, which stands for no weight", file.path(), name));
  }
  return matrix;
}

}  // namespace bitnet

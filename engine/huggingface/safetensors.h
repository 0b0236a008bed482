// Safetensors: the container of Hugging Face's tensors.
//
// Eight bytes give the length of a header, the header is a JSON object, and all bytes after it belong to
// tensors. {"name": {"dtype": "BF16", "shape": [rows, k], "data_offsets": [begin, end]}, ...}; offsets count
// from the end of the header, "__metadata__" holds strings about the file. Little-endian, row-major.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// The types that models of ours occur in.
enum class SafetensorsType { kF32, kF16, kBF16, kU8 };

std::string_view SafetensorsTypeName(SafetensorsType type);

struct SafetensorsTensor {
  std::string name;
  SafetensorsType type;
  std::vector<uint64_t> shape;    // The contiguous one last; none for a single number.
  std::span<const uint8_t> data;  // Exactly the tensor's bytes, aligned to nothing.
};

// The tensors of a file, in the order of their data. `path` is used in messages.
//
// DATA_LOSS: the header is longer than the file, is no such JSON, or names a tensor twice; a tensor has a
// size other than its shape and type ask for, reaches beyond the file, overlaps another or leaves a hole
// behind one. UNIMPLEMENTED: a tensor has another type than those above. Messages name the tensor. Takes
// memory in proportion to the header alone.
absl::StatusOr<std::vector<SafetensorsTensor>> ReadSafetensors(std::span<const uint8_t> bytes,
                                                               const std::string& path);

}  // namespace bitnet

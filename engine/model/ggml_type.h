// How many bytes a tensor of each type has.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/model_file.h"

namespace bitnet {

// A type whose rows follow each other, each a header and then blocks of neighbouring weights.
struct GgmlRowType {
  GgmlType type;
  uint32_t block_weights;
  uint32_t block_bytes;
  uint32_t header_bytes = 0;
};

// Null: a type that we do not read, or whose rows share bytes.
const GgmlRowType* FindGgmlRowType(GgmlType type);

// Types from here on are our names for what other containers, or programs that disagree with ggml about a
// number, hold. No GGUF file has them.
inline constexpr uint32_t kFirstInternalType = 1u << 16;

// What k, the length of a row, and the number of rows must be multiples of.
struct GgmlDivisors {
  uint64_t k = 1;
  uint64_t rows = 1;
};

// Nothing for a type that we do not read, or whose size depends on more than its shape.
std::optional<GgmlDivisors> FindGgmlDivisors(GgmlType type);

// The size of a tensor that those divide, rows * k < 2^60. Nothing as above.
std::optional<uint64_t> GgmlTensorBytes(GgmlType type, uint64_t rows, uint64_t k);

}  // namespace bitnet

// Numbers as the kernels have them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bitnet {

constexpr uint32_t U32(size_t n) { return static_cast<uint32_t>(n); }
// Pieces of `of`, of which the last one may be shorter.
constexpr uint32_t NumPieces(size_t n, size_t of) { return U32((n + of - 1) / of); }

}  // namespace bitnet

// What stands at the end of packed tensors (engine/weights/packed_format.h) and says what their shape does
// not.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "engine/model/model_file.h"

namespace bitnet {

struct PackedFooter {
  float scale;       // Of all weights; 1 in layouts with other scales.
  uint32_t group;    // Weights of a row that share a scale; 0 in layouts without groups.
  uint32_t version;  // kPackedVersion.
  uint8_t reserved[52];
};
static_assert(sizeof(PackedFooter) == 64);
inline constexpr uint32_t kPackedVersion = 1;

// Of a tensor of at least 64 bytes.
inline PackedFooter ReadPackedFooter(std::span<const uint8_t> tensor) {
  PackedFooter footer;
  std::memcpy(&footer, tensor.data() + tensor.size() - sizeof(footer), sizeof(footer));
  return footer;
}

inline bool HasPackedFooter(GgmlType type) { return type >= GgmlType::kQ1K && type <= GgmlType::kPackedInt6; }

// Whether the type's size depends on its group.
inline bool IsGroupedPacked(GgmlType type) {
  return type == GgmlType::kPackedGrouped1Bit || type == GgmlType::kPackedGrouped2Bit;
}

// The bytes of a tensor of such a type, rows * k < 2^60. Nothing if `group` does not go with rows of k.
std::optional<uint64_t> GroupedPackedBytes(GgmlType type, uint64_t rows, uint64_t k, uint64_t group);

// Looks in `room`, which begins with a tensor of such a type and ends with less than `alignment` bytes of
// padding, for the footer, and returns the tensor's bytes. Nothing if there is none that fits.
std::optional<uint64_t> FindGroupedPackedBytes(GgmlType type, uint64_t rows, uint64_t k,
                                               std::span<const uint8_t> room, uint64_t alignment);

}  // namespace bitnet

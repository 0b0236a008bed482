#include "engine/model/packed_footer.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr uint64_t kTileRows = 16;
constexpr uint64_t kBlockBytes = 64;  // Of a tile.
constexpr uint64_t kScaleBytes = 2;
constexpr uint64_t kFooterBytes = sizeof(PackedFooter);
// What stands before a footer is a multiple of this: 16 rows have 32 bytes of scales.
constexpr uint64_t kFooterAlignment = kTileRows * kScaleBytes;

}  // namespace

std::optional<uint64_t> GroupedPackedBytes(GgmlType type, uint64_t rows, uint64_t k, uint64_t group) {
  const uint64_t block_k = type == GgmlType::kPackedGrouped1Bit ? 32 : 16;
  if (group == 0 || group % block_k != 0 || k % group != 0) {
    return std::nullopt;
  }
  const uint64_t tiles = (rows + kTileRows - 1) / kTileRows;
  return tiles * (k / block_k * kBlockBytes + k / group * kTileRows * kScaleBytes) + kFooterBytes;
}

std::optional<uint64_t> FindGroupedPackedBytes(GgmlType type, uint64_t rows, uint64_t k,
                                               std::span<const uint8_t> room, uint64_t alignment) {
  for (uint64_t bytes = room.size() / kFooterAlignment * kFooterAlignment;
       bytes >= kFooterBytes && room.size() - bytes < std::max(alignment, kFooterAlignment);
       bytes -= kFooterAlignment) {
    const PackedFooter footer = ReadPackedFooter(room.first(bytes));
    if (footer.version == kPackedVersion && GroupedPackedBytes(type, rows, k, footer.group) == bytes) {
      return bytes;
    }
  }
  return std::nullopt;
}

}  // namespace bitnet

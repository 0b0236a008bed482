// The part of packed_format.h that reads rows and writes tiles.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <vector>

#include "engine/formats/float_round.h"
#include "engine/weights/half.h"
#include "engine/weights/packed_format.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/sign_gemm/sign_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

absl::Status NoWeight() {
  return absl::DataLossError("holds a scale that is not finite, or a code that stands for no weight");
}

// Codes and scales of one tile's rows; rows that are not there are zeros.
struct TileRows {
  TileRows(size_t tile_rows, size_t k, size_t source_groups)
      : codes(tile_rows * k), scales(tile_rows * source_groups) {}

  // `absent` is the code of rows that are not there.
  bool Read(const RowDecoder& source, size_t first_row, size_t tile_rows, int8_t absent) {
    const size_t k = source.k();
    const size_t groups = k / source.group_weights();
    bool valid = true;
    for (size_t r = 0; r < tile_rows; ++r) {
      if (first_row + r < source.rows()) {
        valid &= source.Codes(first_row + r, codes.data() + r * k, scales.data() + r * groups);
      } else {
        std::fill_n(codes.data() + r * k, k, absent);
        std::fill_n(scales.data() + r * groups, groups, 0.0f);
      }
    }
    return valid;
  }

  std::vector<int8_t> codes;  // [tile_rows, k]
  std::vector<float> scales;  // [tile_rows, groups of the source]
};

struct Target {
  GgmlType type;
  size_t group;
  std::span<uint8_t> out;
  uint64_t scales_offset;
};

// Half-precision scales [group][16 rows] of one tile. A source's group may be longer than the target's.
bool WriteGroupScales(const TileRows& rows, const RowDecoder& source, const Target& target, size_t tile) {
  const size_t groups = source.k() / target.group;
  const size_t source_groups = source.k() / source.group_weights();
  uint8_t* out = target.out.data() + target.scales_offset + tile * groups * Matrix::kTileRows * 2;
  bool finite = true;
  for (size_t g = 0; g < groups; ++g) {
    for (size_t r = 0; r < Matrix::kTileRows; ++r, out += 2) {
      const size_t at = r * source_groups + g * target.group / source.group_weights();
      const uint16_t half = FloatToHalf(rows.scales[at]);
      finite &= IsFiniteHalf(half);
      std::memcpy(out, &half, 2);
    }
  }
  return finite;
}

bool PackTile(const RowDecoder& source, const Target& target, TileRows& rows, size_t tile) {
  const size_t k = source.k();
  if (target.type == GgmlType::kQ1K) {
    if (!rows.Read(source, tile * kSignTileRows, kSignTileRows, -1)) {
      return false;
    }
    PackSignTile(k, rows.codes.data(), target.out.data() + tile * SignTileBytes(k));
    // One scale a row: CheckPackable has seen to it that groups are whole rows.
    std::memcpy(target.out.data() + target.scales_offset + tile * kSignTileRows * 4, rows.scales.data(),
                kSignTileRows * 4);
    return true;
  }
  const bool one_bit = target.type == GgmlType::kPackedGrouped1Bit;
  if (!rows.Read(source, tile * Matrix::kTileRows, Matrix::kTileRows, one_bit ? -1 : 0)) {
    return false;
  }
  switch (target.type) {
    case GgmlType::kPacked2Bit:
      PackTernaryTile(k, rows.codes.data(), target.out.data() + tile * TernaryTileBytes(k));
      return true;
    case GgmlType::kPackedBase3:
      PackBase3Tile(k, rows.codes.data(), target.out.data() + tile * Base3TileBytes(k));
      return true;
    case GgmlType::kPackedGrouped1Bit:
    case GgmlType::kPackedGrouped2Bit: {
      const GroupedLayout layout = one_bit ? GroupedLayout::k1Bit : GroupedLayout::k2Bit;
      PackGroupedTile(layout, k, rows.codes.data(), target.out.data() + tile * GroupedTileBytes(layout, k));
      return WriteGroupScales(rows, source, target, tile);
    }
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<UniformScale> FindUniformScale(const RowDecoder& source, ThreadPool& pool) {
  const size_t group = source.group_weights();
  std::mutex mutex;
  UniformScale found = {.uniform = true, .scale = 0};
  bool seen = false;
  bool valid = true;
  pool.ParallelFor(source.has_tensor_scale() ? 1 : source.rows(), [&](size_t begin, size_t end) {
    std::vector<int8_t> codes(source.k());
    std::vector<float> scales(source.k() / group);
    for (size_t row = begin; row < end; ++row) {
      const bool row_valid = source.Codes(row, codes.data(), scales.data());
      const std::lock_guard lock(mutex);
      valid &= row_valid;
      for (size_t g = 0; g < scales.size(); ++g) {
        // A group of zeros says nothing: quantisers give it any scale.
        const auto* first = codes.data() + g * group;
        if (std::all_of(first, first + group, [](int8_t code) { return code == 0; }) &&
            !source.has_tensor_scale()) {
          continue;
        }
        found.uniform &= !seen || scales[g] == found.scale;
        found.scale = seen ? found.scale : scales[g];
        seen = true;
      }
    }
  });
  if (!valid) {
    return NoWeight();
  }
  return found;
}

absl::Status PackMatrix(const RowDecoder& source, GgmlType type, size_t group, float scale, ThreadPool& pool,
                        std::span<uint8_t> out) {
  const Target target = {.type = type,
                         .group = group,
                         .out = out,
                         .scales_offset = PackedScalesOffset(type, source.rows(), source.k())};
  const size_t tile_rows = type == GgmlType::kQ1K ? kSignTileRows : Matrix::kTileRows;
  std::atomic<bool> valid = true;
  pool.ParallelFor((source.rows() + tile_rows - 1) / tile_rows, [&](size_t begin, size_t end) {
    TileRows rows(tile_rows, source.k(), source.k() / source.group_weights());
    for (size_t tile = begin; tile < end; ++tile) {
      if (!PackTile(source, target, rows, tile)) {
        valid = false;
      }
    }
  });
  if (!valid) {
    return NoWeight();
  }
  const PackedFooter footer = {
      .scale = scale, .group = static_cast<uint32_t>(group), .version = kPackedVersion, .reserved = {}};
  std::memcpy(out.data() + out.size() - sizeof(footer), &footer, sizeof(footer));
  return absl::OkStatus();
}

}  // namespace bitnet

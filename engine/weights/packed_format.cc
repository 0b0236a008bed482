#include "engine/weights/packed_format.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/weights/half.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kFooterBytes = sizeof(PackedFooter);
constexpr uint64_t kMaxDim = uint64_t{1} << 32;

// How a type arranges its codes. Bytes of scales are for each row, or for each group of a row.
struct PackedType {
  GgmlType type;
  MatrixLayout layout;
  size_t tile_rows;
  size_t block_k;      // Columns of a block; the last one is filled up if `pads_k`.
  size_t block_bytes;  // Of a tile.
  bool pads_k;
  bool grouped;
  size_t scale_bytes;
};

constexpr PackedType kPackedTypes[] = {
    {GgmlType::kPacked2Bit, MatrixLayout::kTernary2Bit, 16, 16, 64, false, false, 0},
    {GgmlType::kPackedBase3, MatrixLayout::kTernaryBase3, 16, 20, 64, true, false, 0},
    {GgmlType::kPackedGrouped1Bit, MatrixLayout::kGrouped1Bit, 16, 32, 64, false, true, 2},
    {GgmlType::kPackedGrouped2Bit, MatrixLayout::kGrouped2Bit, 16, 16, 64, false, true, 2},
    {GgmlType::kQ1K, MatrixLayout::kSign, 8, 64, 64, false, false, 4},
    {GgmlType::kPackedInt6, MatrixLayout::kInt6, 16, 32, kInt6BlockBytes + kInt6BlockScales, false, false, 4},
};

const PackedType* FindType(GgmlType type) {
  const auto* found = std::ranges::find(kPackedTypes, type, &PackedType::type);
  return found == std::end(kPackedTypes) ? nullptr : found;
}

uint64_t CeilDiv(uint64_t n, uint64_t d) { return (n + d - 1) / d; }

uint64_t CodeBytes(const PackedType& type, uint64_t rows, uint64_t k) {
  return CeilDiv(rows, type.tile_rows) * CeilDiv(k, type.block_k) * type.block_bytes;
}

uint64_t ScaleBytes(const PackedType& type, uint64_t rows, uint64_t k, uint64_t group) {
  const uint64_t per_row = type.grouped ? k / group : 1;
  return CeilDiv(rows, type.tile_rows) * type.tile_rows * per_row * type.scale_bytes;
}

absl::Status WrongTensor(const ModelTensor& tensor, const std::string& problem) {
  return absl::DataLossError(absl::StrFormat("tensor %s, of type %s, %s", tensor.name,
                                             std::string(GgmlTypeName(tensor.type)), problem));
}

absl::Status CheckScales(const ModelTensor& tensor, const Matrix& matrix, const PackedType& type) {
  const auto* end = tensor.data.data() + tensor.data.size() - kFooterBytes;
  bool finite = std::isfinite(matrix.scale);
  if (type.scale_bytes == 2) {
    for (const uint8_t* at = matrix.scales; at < end; at += 2) {
      uint16_t half;
      std::memcpy(&half, at, 2);
      finite &= IsFiniteHalf(half);
    }
  } else if (type.scale_bytes == 4) {
    for (const uint8_t* at = matrix.scales; at < end; at += 4) {
      float value;
      std::memcpy(&value, at, 4);
      finite &= std::isfinite(value);
    }
  }
  return finite ? absl::OkStatus() : WrongTensor(tensor, "has a scale that is not finite");
}

}  // namespace

bool IsPacked(GgmlType type) { return FindType(type) != nullptr; }

uint64_t PackedScalesOffset(GgmlType type, uint64_t rows, uint64_t k) {
  return CodeBytes(*FindType(type), rows, k);
}

uint64_t PackedBytes(GgmlType type, uint64_t rows, uint64_t k, uint64_t group) {
  const PackedType& packed = *FindType(type);
  return CodeBytes(packed, rows, k) + ScaleBytes(packed, rows, k, group) + kFooterBytes;
}

absl::StatusOr<Matrix> ParsePacked(const ModelTensor& tensor) {
  const PackedType& type = *FindType(tensor.type);
  if (tensor.dims.size() != 2 || tensor.dims[0] > kMaxDim || tensor.dims[1] > kMaxDim) {
    return WrongTensor(tensor, absl::StrFormat("has %d dimensions; 2 were wanted", tensor.dims.size()));
  }
  if (tensor.data.size() < kFooterBytes) {
    return WrongTensor(tensor, absl::StrFormat("has %d bytes, fewer than its footer", tensor.data.size()));
  }
  if (reinterpret_cast<uintptr_t>(tensor.data.data()) % sizeof(float) != 0) {
    return WrongTensor(tensor, "is not aligned to 4 bytes");
  }
  PackedFooter footer;
  std::memcpy(&footer, tensor.data.data() + tensor.data.size() - kFooterBytes, kFooterBytes);
  Matrix matrix = {.rows = static_cast<size_t>(tensor.dims[1]),
                   .k = static_cast<size_t>(tensor.dims[0]),
                   .layout = type.layout,
                   .group = footer.group,
                   .scale = footer.scale,
                   .codes = tensor.data.data()};
  if (footer.version != kPackedVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("tensor %s is packed in version %d of its layout; only %d is read", tensor.name,
                        footer.version, kPackedVersion));
  }
  if (!type.pads_k && matrix.k % type.block_k != 0) {
    return WrongTensor(tensor,
                       absl::StrFormat("has rows of %d, not a multiple of %d", matrix.k, type.block_k));
  }
  if (matrix.layout == MatrixLayout::kInt6 && matrix.k > kInt6MaxK) {
    return WrongTensor(tensor,
                       absl::StrFormat("has rows of %d; its sums hold %d at most", matrix.k, kInt6MaxK));
  }
  const bool good_group =
      type.grouped ? footer.group > 0 && footer.group % type.block_k == 0 && matrix.k % footer.group == 0
                   : footer.group == 0;
  if (!good_group) {
    return WrongTensor(tensor, absl::StrFormat("has groups of %d in rows of %d", footer.group, matrix.k));
  }
  const uint64_t wanted = PackedBytes(tensor.type, matrix.rows, matrix.k, matrix.group);
  if (tensor.data.size() != wanted) {
    return WrongTensor(
        tensor, absl::StrFormat("has %d bytes; its shape and groups need %d", tensor.data.size(), wanted));
  }
  matrix.scales = matrix.codes + CodeBytes(type, matrix.rows, matrix.k);
  RETURN_IF_ERROR(CheckScales(tensor, matrix, type));
  return matrix;
}

absl::Status CheckPackable(const RowDecoder& source, GgmlType type, size_t group) {
  const PackedType& packed = *FindType(type);
  const std::string name(GgmlTypeName(type));
  const auto refuse = [&](const std::string& why) {
    return absl::UnimplementedError(absl::StrFormat("can not be packed as %s: %s", name, why));
  };
  if (source.codes() == CodeRange::kNone) {
    return refuse("it has no codes of 1 or 2 bits");
  }
  const bool binary = packed.layout == MatrixLayout::kGrouped1Bit || packed.layout == MatrixLayout::kSign;
  if (binary && source.codes() != CodeRange::kBinary) {
    return refuse("it has weights other than -1 and +1");
  }
  if (!packed.grouped && source.codes() == CodeRange::kQuaternary) {
    return refuse("it may have the weight +2");
  }
  if (!packed.pads_k && source.k() % packed.block_k != 0) {
    return refuse(absl::StrFormat("rows of %d are not a multiple of %d", source.k(), packed.block_k));
  }
  if (packed.grouped && (group == 0 || group % packed.block_k != 0 || source.group_weights() % group != 0)) {
    return refuse(absl::StrFormat("groups of %d in groups of %d are not multiples of %d", group,
                                  source.group_weights(), packed.block_k));
  }
  return absl::OkStatus();
}

}  // namespace bitnet

#include "engine/model/gguf_tensors.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// An empty name (8 bytes of length), the number of dimensions (4), a type (4) and an offset (8), and
// dimensions besides.
constexpr size_t kMinInfoBytes = 24;
constexpr uint32_t kMaxDims = 4;
// Sizes in bytes are at most 4 times this, and stay far from 2^64.
constexpr uint64_t kMaxElements = uint64_t{1} << 60;
constexpr uint64_t kTernaryBlock = 128;
constexpr uint64_t kTernaryTail = 32;

absl::StatusOr<GgufTensorInfo> ReadInfo(ByteReader& reader, uint64_t index, uint64_t count) {
  GgufTensorInfo info;
  const std::string where = absl::StrFormat("the name of tensor %d of %d", index + 1, count);
  ASSIGN_OR_RETURN(const std::string_view name, reader.ReadString(where));
  if (name.empty()) {
    return absl::DataLossError(absl::StrCat(where, " is empty"));
  }
  info.name = name;
  const std::string what = absl::StrCat("tensor ", QuoteName(name));
  ASSIGN_OR_RETURN(const uint32_t num_dims, reader.Read<uint32_t>(what));
  if (num_dims < 1 || num_dims > kMaxDims) {
    return absl::DataLossError(
        absl::StrFormat("%s has %d dimensions; 1 to %d were wanted", what, num_dims, kMaxDims));
  }
  uint64_t num_elements = 1;
  for (uint32_t i = 0; i < num_dims; ++i) {
    ASSIGN_OR_RETURN(const uint64_t dim, reader.Read<uint64_t>(what));
    if (dim == 0 || num_elements > kMaxElements / dim) {
      return absl::DataLossError(absl::StrFormat("%s: dimension %d is %d, which is %s", what, i, dim,
                                                 dim == 0 ? "nothing" : "more than any file can hold"));
    }
    num_elements *= dim;
    info.dims.push_back(dim);
  }
  ASSIGN_OR_RETURN(const uint32_t type, reader.Read<uint32_t>(what));
  info.type = static_cast<GgmlType>(type);
  ASSIGN_OR_RETURN(info.offset, reader.Read<uint64_t>(what));
  return info;
}

// Nothing for a type we do not know. DATA_LOSS: the type cannot hold so many elements.
absl::StatusOr<std::optional<uint64_t>> TensorBytes(const GgufTensorInfo& info) {
  const uint64_t n = std::accumulate(info.dims.begin(), info.dims.end(), uint64_t{1}, std::multiplies<>());
  switch (info.type) {
    case GgmlType::kF32:
      return n * 4;
    case GgmlType::kF16:
      return n * 2;
    case GgmlType::kI2S:
      if (n % kTernaryBlock != 0) {
        return absl::DataLossError(
            absl::StrFormat("tensor %s is I2_S with %d elements; a multiple of %d was wanted",
                            QuoteName(info.name), n, kTernaryBlock));
      }
      return n / 4 + kTernaryTail;
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<GgufTensorInfo>> ReadGgufTensorInfos(ByteReader& reader, uint64_t count) {
  RETURN_IF_ERROR(reader.ExpectItems(count, kMinInfoBytes, "the header's number of tensors"));
  std::vector<GgufTensorInfo> infos;
  infos.reserve(count);
  absl::flat_hash_set<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(GgufTensorInfo info, ReadInfo(reader, i, count));
    if (!names.insert(info.name).second) {
      return absl::DataLossError(absl::StrCat("tensor ", QuoteName(info.name), " occurs twice"));
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

absl::StatusOr<std::vector<ModelTensor>> PlaceGgufTensors(std::vector<GgufTensorInfo> infos,
                                                          std::span<const uint8_t> data, uint64_t alignment) {
  std::vector<size_t> by_offset(infos.size());
  std::iota(by_offset.begin(), by_offset.end(), size_t{0});
  std::ranges::sort(by_offset, {}, [&](size_t i) { return std::pair(infos[i].offset, i); });

  std::vector<ModelTensor> tensors(infos.size());
  for (size_t k = 0; k < by_offset.size(); ++k) {
    GgufTensorInfo& info = infos[by_offset[k]];
    const GgufTensorInfo* next = k + 1 < by_offset.size() ? &infos[by_offset[k + 1]] : nullptr;
    const std::string what = absl::StrCat("tensor ", QuoteName(info.name));
    if (info.offset % alignment != 0) {
      return absl::DataLossError(absl::StrFormat("%s begins at offset %d, which is not a multiple of %d",
                                                 what, info.offset, alignment));
    }
    if (info.offset >= data.size()) {
      return absl::DataLossError(absl::StrFormat(
          "%s begins at offset %d, but only %d bytes of tensor data follow", what, info.offset, data.size()));
    }
    const uint64_t room_in_file = data.size() - info.offset;
    // The next offset may lie beyond the end; that tensor's turn comes.
    const uint64_t room = next == nullptr ? room_in_file : std::min(room_in_file, next->offset - info.offset);
    ASSIGN_OR_RETURN(const std::optional<uint64_t> known_bytes, TensorBytes(info));
    const uint64_t bytes = known_bytes.value_or(room);
    if (bytes > room_in_file) {
      return absl::DataLossError(absl::StrFormat("%s needs %d bytes from offset %d, but only %d follow", what,
                                                 bytes, info.offset, room_in_file));
    }
    if (bytes > room || room == 0) {
      return absl::DataLossError(
          absl::StrFormat("%s, %d bytes from offset %d, overlaps tensor %s from offset %d", what, bytes,
                          info.offset, QuoteName(next->name), next->offset));
    }
    tensors[by_offset[k]] = {.name = std::move(info.name),
                             .type = info.type,
                             .dims = std::move(info.dims),
                             .data = data.subspan(info.offset, bytes)};
  }
  return tensors;
}

}  // namespace bitnet

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
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"
#include "engine/model/gguf_types.h"
#include "engine/model/packed_footer.h"

namespace bitnet {
namespace {

// An empty name (8 bytes of length), the number of dimensions (4), a type (4) and an offset (8), and
// dimensions besides.
constexpr size_t kMinInfoBytes = 24;
constexpr uint32_t kMaxDims = 4;
// Sizes in bytes are at most 4 times this, and stay far from 2^64.
constexpr uint64_t kMaxElements = uint64_t{1} << 60;

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
  if (type >= kFirstInternalType) {
    return absl::DataLossError(
        absl::StrFormat("%s has type %d; types below %d were wanted", what, type, kFirstInternalType));
  }
  info.type = static_cast<GgmlType>(type);
  ASSIGN_OR_RETURN(info.offset, reader.Read<uint64_t>(what));
  return info;
}

// Nothing for a type we do not know. DATA_LOSS: the type cannot hold such rows. `room` begins with the
// tensor.
absl::StatusOr<std::optional<uint64_t>> TensorBytes(const GgufTensorInfo& info, std::span<const uint8_t> room,
                                                    uint64_t alignment) {
  const uint64_t k = info.dims[0];
  const uint64_t rows = NumElements(info) / k;
  if (const auto divisors = FindGgmlDivisors(info.type); divisors.has_value() && k % divisors->k != 0) {
    return absl::DataLossError(absl::StrFormat("tensor %s is %s with rows of %d; a multiple of %d was wanted",
                                               QuoteName(info.name), std::string(GgmlTypeName(info.type)), k,
                                               divisors->k));
  }
  // Four weights share a byte in each of its layouts.
  if (info.type == GgmlType::kI2S && NumElements(info) % 4 != 0) {
    return absl::DataLossError(
        absl::StrFormat("tensor %s is I2_S with %d elements; a multiple of 4 was wanted",
                        QuoteName(info.name), NumElements(info)));
  }
  if (IsGroupedPacked(info.type)) {
    const std::optional<uint64_t> bytes = FindGroupedPackedBytes(info.type, rows, k, room, alignment);
    if (!bytes.has_value()) {
      return absl::DataLossError(
          absl::StrFormat("tensor %s is %s, but none of its %d bytes is a footer for %d rows of %d",
                          QuoteName(info.name), std::string(GgmlTypeName(info.type)), room.size(), rows, k));
    }
    return bytes;
  }
  return GgmlTensorBytes(info.type, rows, k);
}

// For each tensor, the bytes from its offset to the next one's or the end. Offsets are aligned and before the
// end.
absl::StatusOr<std::vector<uint64_t>> Rooms(std::span<const GgufTensorInfo> infos,
                                            std::span<const size_t> by_offset, uint64_t data_bytes,
                                            uint64_t alignment) {
  std::vector<uint64_t> rooms(infos.size());
  for (size_t k = 0; k < by_offset.size(); ++k) {
    const GgufTensorInfo& info = infos[by_offset[k]];
    const std::string what = absl::StrCat("tensor ", QuoteName(info.name));
    if (info.offset % alignment != 0) {
      return absl::DataLossError(absl::StrFormat("%s begins at offset %d, which is not a multiple of %d",
                                                 what, info.offset, alignment));
    }
    if (info.offset >= data_bytes) {
      return absl::DataLossError(absl::StrFormat(
          "%s begins at offset %d, but only %d bytes of tensor data follow", what, info.offset, data_bytes));
    }
    uint64_t end = data_bytes;
    if (k + 1 < by_offset.size()) {
      // The next offset may lie beyond the end; that tensor's turn comes.
      end = std::min(end, infos[by_offset[k + 1]].offset);
    }
    rooms[by_offset[k]] = end - info.offset;
  }
  return rooms;
}

}  // namespace

uint64_t NumElements(const GgufTensorInfo& info) {
  return std::accumulate(info.dims.begin(), info.dims.end(), uint64_t{1}, std::multiplies<>());
}

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
                                                          std::span<const uint8_t> data, uint64_t alignment,
                                                          std::string_view architecture) {
  std::vector<size_t> by_offset(infos.size());
  std::iota(by_offset.begin(), by_offset.end(), size_t{0});
  std::ranges::sort(by_offset, {}, [&](size_t i) { return std::pair(infos[i].offset, i); });
  ASSIGN_OR_RETURN(const std::vector<uint64_t> rooms, Rooms(infos, by_offset, data.size(), alignment));
  RETURN_IF_ERROR(ResolveGgufTypes(architecture, rooms, alignment, infos));

  std::vector<ModelTensor> tensors(infos.size());
  for (size_t k = 0; k < by_offset.size(); ++k) {
    GgufTensorInfo& info = infos[by_offset[k]];
    const std::string what = absl::StrCat("tensor ", QuoteName(info.name));
    const uint64_t room = rooms[by_offset[k]];
    ASSIGN_OR_RETURN(const std::optional<uint64_t> known_bytes,
                     TensorBytes(info, data.subspan(info.offset, room), alignment));
    const uint64_t bytes = known_bytes.value_or(room);
    if (bytes > data.size() - info.offset) {
      return absl::DataLossError(absl::StrFormat("%s needs %d bytes from offset %d, but only %d follow", what,
                                                 bytes, info.offset, data.size() - info.offset));
    }
    if (bytes > room || room == 0) {
      const GgufTensorInfo& next = infos[by_offset[k + 1]];  // There is one: it leaves so little room.
      return absl::DataLossError(
          absl::StrFormat("%s, %d bytes from offset %d, overlaps tensor %s from offset %d", what, bytes,
                          info.offset, QuoteName(next.name), next.offset));
    }
    tensors[by_offset[k]] = {.name = std::move(info.name),
                             .type = info.type,
                             .dims = std::move(info.dims),
                             .data = data.subspan(info.offset, bytes)};
  }
  return tensors;
}

}  // namespace bitnet

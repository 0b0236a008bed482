#include "engine/model/gguf_types.h"

#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

constexpr auto kType39 = static_cast<GgmlType>(39);
constexpr auto kType40 = static_cast<GgmlType>(40);
constexpr GgmlType kType42 = GgmlType::kQ2_0;

uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// The size in blocks, nothing if these do not divide the rows.
std::optional<uint64_t> BlocksBytes(const GgufTensorInfo& info, uint64_t block_weights,
                                    uint64_t block_bytes) {
  if (info.dims[0] % block_weights != 0) {
    return std::nullopt;
  }
  return NumElements(info) / block_weights * block_bytes;
}

// How a size goes with the room that a tensor has.
enum class Fit {
  kTooLarge,
  kWithGap,  // More follows than aligns the next tensor.
  kExact,
};

Fit FitOf(std::optional<uint64_t> bytes, uint64_t room, uint64_t alignment) {
  if (!bytes.has_value() || *bytes > room) {
    return Fit::kTooLarge;
  }
  return AlignUp(*bytes, alignment) == AlignUp(room, alignment) ? Fit::kExact : Fit::kWithGap;
}

// kQ2_0 or kPQ2_0; kType42 and kPQ2_0 both possible is nothing.
absl::StatusOr<std::optional<GgmlType>> Resolve42(const GgufTensorInfo& info, uint64_t room,
                                                  uint64_t alignment) {
  const Fit by_64 = FitOf(BlocksBytes(info, 64, 18), room, alignment);
  const Fit by_128 = FitOf(BlocksBytes(info, 128, 34), room, alignment);
  if (by_64 == Fit::kTooLarge && by_128 == Fit::kTooLarge) {
    const uint64_t k = info.dims[0];
    return absl::DataLossError(
        absl::StrFormat("tensor %s of type 42 has %d rows of %d weights and %d bytes, which fit neither "
                        "groups of 64 nor of 128",
                        QuoteName(info.name), NumElements(info) / k, k, room));
  }
  if (by_64 == by_128) {
    return std::nullopt;
  }
  return by_64 > by_128 ? GgmlType::kQ2_0 : GgmlType::kPQ2_0;
}

absl::Status ResolveAll42(std::span<const uint64_t> rooms, uint64_t alignment,
                          std::span<GgufTensorInfo> infos) {
  std::vector<size_t> open;
  const GgufTensorInfo* decided = nullptr;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].type != kType42) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::optional<GgmlType> type, Resolve42(infos[i], rooms[i], alignment));
    if (!type.has_value()) {
      open.push_back(i);
      continue;
    }
    infos[i].type = *type;
    if (decided != nullptr && decided->type != *type) {
      return absl::DataLossError(
          absl::StrFormat("tensors %s and %s are both of type 42, but one has the size of groups of 64 and "
                          "one of groups of 128",
                          QuoteName(decided->name), QuoteName(infos[i].name)));
    }
    decided = &infos[i];
  }
  for (const size_t i : open) {
    infos[i].type = decided == nullptr ? GgmlType::kQ2_0 : decided->type;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ResolveGgufTypes(std::string_view architecture, std::span<const uint64_t> rooms,
                              uint64_t alignment, std::span<GgufTensorInfo> infos) {
  for (size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].type == kType39 && architecture.starts_with("bitnet")) {
      infos[i].type = GgmlType::kTL2;
    }
    if (infos[i].type == kType40 && FitOf(BlocksBytes(infos[i], 32, 6), rooms[i], alignment) == Fit::kExact &&
        FitOf(BlocksBytes(infos[i], 64, 36), rooms[i], alignment) != Fit::kExact) {
      infos[i].type = GgmlType::kQ1_0G32;
    }
  }
  return ResolveAll42(rooms, alignment, infos);
}

}  // namespace bitnet

#include "engine/huggingface/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/huggingface/json_fields.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kLengthBytes = 8;
// What the format's own library accepts; a header of the largest models has some hundred thousand bytes.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxDims = 4;
// Sizes in bytes stay far from 2^64.
constexpr uint64_t kMaxElements = uint64_t{1} << 60;

struct TypeName {
  std::string_view name;
  SafetensorsType type;
  uint64_t bytes;
};
constexpr TypeName kTypes[] = {{"F32", SafetensorsType::kF32, 4},
                               {"F16", SafetensorsType::kF16, 2},
                               {"BF16", SafetensorsType::kBF16, 2},
                               {"U8", SafetensorsType::kU8, 1}};

absl::Status BadTensor(std::string_view name, std::string_view what) {
  return absl::DataLossError(absl::StrFormat("tensor %s %s", QuoteName(name), what));
}

// One tensor's entry; data.data() is null until it is placed.
struct Entry {
  SafetensorsTensor tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

absl::StatusOr<uint64_t> ReadNumber(const nlohmann::json& value, std::string_view name,
                                    std::string_view field) {
  if (!value.is_number_unsigned()) {
    return BadTensor(name, absl::StrFormat("has a %s that is not a whole number of 0 or more", field));
  }
  return value.get<uint64_t>();
}

absl::StatusOr<uint64_t> ReadShape(const nlohmann::json& shape, std::string_view name,
                                   std::vector<uint64_t>& dims) {
  if (!shape.is_array() || shape.size() > kMaxDims) {
    return BadTensor(name, absl::StrFormat("has a shape that is not a list of at most %d numbers", kMaxDims));
  }
  uint64_t num_elements = 1;
  for (const nlohmann::json& value : shape) {
    ASSIGN_OR_RETURN(const uint64_t dim, ReadNumber(value, name, "shape"));
    if (dim == 0 || num_elements > kMaxElements / dim) {
      return BadTensor(name, absl::StrFormat("has a dimension of %d, which is %s", dim,
                                             dim == 0 ? "nothing" : "more than any file can hold"));
    }
    num_elements *= dim;
    dims.push_back(dim);
  }
  return num_elements;
}

absl::StatusOr<Entry> ReadEntry(const std::string& name, const nlohmann::json& json) {
  if (!json.is_object()) {
    return BadTensor(name, "is not described by an object");
  }
  const auto dtype = json.find("dtype");
  const auto shape = json.find("shape");
  const auto offsets = json.find("data_offsets");
  if (dtype == json.end() || !dtype->is_string() || shape == json.end() || offsets == json.end()) {
    return BadTensor(name, "lacks one of dtype, shape and data_offsets");
  }
  const auto& type_name = dtype->get_ref<const std::string&>();
  const auto* type = std::ranges::find(kTypes, type_name, &TypeName::name);
  if (type == std::end(kTypes)) {
    return absl::UnimplementedError(absl::StrCat("tensor ", QuoteName(name), " has dtype ",
                                                 QuoteName(type_name),
                                                 "; only F32, F16, BF16 and U8 are read"));
  }
  Entry entry;
  entry.tensor.name = name;
  entry.tensor.type = type->type;
  ASSIGN_OR_RETURN(const uint64_t num_elements, ReadShape(*shape, name, entry.tensor.shape));
  if (!offsets->is_array() || offsets->size() != 2) {
    return BadTensor(name, "has data_offsets that are not two numbers");
  }
  ASSIGN_OR_RETURN(entry.begin, ReadNumber((*offsets)[0], name, "data offset"));
  ASSIGN_OR_RETURN(entry.end, ReadNumber((*offsets)[1], name, "data offset"));
  const uint64_t bytes = num_elements * type->bytes;
  if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
    return BadTensor(name, absl::StrFormat("has data from %d to %d, but its shape and dtype %s make %d bytes",
                                           entry.begin, entry.end, type_name, bytes));
  }
  return entry;
}

// Gives each its bytes of `data`, all of which must be used.
absl::Status Place(std::vector<Entry>& entries, std::span<const uint8_t> data) {
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::pair(entry.begin, entry.end); });
  uint64_t used = 0;
  const Entry* previous = nullptr;
  for (Entry& entry : entries) {
    const std::string& name = entry.tensor.name;
    if (entry.end > data.size()) {
      return BadTensor(name, absl::StrFormat("ends at byte %d of the data, but the file has %d bytes of it",
                                             entry.end, data.size()));
    }
    if (entry.begin < used) {
      return BadTensor(name,
                       absl::StrFormat("begins at byte %d of the data and overlaps tensor %s, which ends "
                                       "at %d",
                                       entry.begin, QuoteName(previous->tensor.name), used));
    }
    if (entry.begin > used) {
      return BadTensor(
          name, absl::StrFormat("begins at byte %d of the data; %d bytes before it belong to no tensor",
                                entry.begin, entry.begin - used));
    }
    entry.tensor.data = data.subspan(entry.begin, entry.end - entry.begin);
    used = entry.end;
    previous = &entry;
  }
  if (used != data.size()) {
    return absl::DataLossError(absl::StrFormat("the last %d bytes belong to no tensor", data.size() - used));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SafetensorsTensor>> Read(std::span<const uint8_t> bytes) {
  if (bytes.size() < kLengthBytes) {
    return absl::DataLossError(absl::StrFormat("%d bytes are shorter than the header's length, %d bytes",
                                               bytes.size(), kLengthBytes));
  }
  uint64_t header_bytes;
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > bytes.size() - kLengthBytes || header_bytes > kMaxHeaderBytes) {
    return absl::DataLossError(absl::StrFormat(
        "not a safetensors file, or a truncated one: its first 8 bytes ask for a header of %d "
        "bytes, but %d follow",
        header_bytes, bytes.size() - kLengthBytes));
  }
  // A tensor's entry holds arrays of numbers, and nothing is deeper than that.
  ASSIGN_OR_RETURN(const nlohmann::json header,
                   ParseJsonObject(bytes.subspan(kLengthBytes, header_bytes), "the header", 3));
  std::vector<Entry> entries;
  entries.reserve(header.size());
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      continue;
    }
    if (name.empty()) {
      return absl::DataLossError("a tensor has no name");
    }
    ASSIGN_OR_RETURN(Entry entry, ReadEntry(name, json));
    entries.push_back(std::move(entry));
  }
  RETURN_IF_ERROR(Place(entries, bytes.subspan(kLengthBytes + header_bytes)));
  std::vector<SafetensorsTensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    tensors.push_back(std::move(entry.tensor));
  }
  return tensors;
}

}  // namespace

std::string_view SafetensorsTypeName(SafetensorsType type) {
  return std::ranges::find(kTypes, type, &TypeName::type)->name;
}

absl::StatusOr<std::vector<SafetensorsTensor>> ReadSafetensors(std::span<const uint8_t> bytes,
                                                               const std::string& path) {
  absl::StatusOr<std::vector<SafetensorsTensor>> tensors = Read(bytes);
  if (!tensors.ok()) {
    return absl::Status(tensors.status().code(), absl::StrCat(path, ": ", tensors.status().message()));
  }
  return tensors;
}

}  // namespace bitnet

#include "engine/model/gguf_keys.h"

#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

enum ValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// An empty name (8 bytes of length), a type (4) and a one-byte value.
constexpr size_t kMinKeyBytes = 13;
// The format's own limit.
constexpr size_t kMaxNameBytes = 65535;
// Vocabularies have up to 2^18 entries and twice as many merges.
constexpr uint64_t kMaxArrayItems = uint64_t{1} << 24;

absl::StatusOr<bool> ReadBool(ByteReader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const uint8_t byte, reader.Read<uint8_t>(what));
  if (byte > 1) {
    return absl::DataLossError(absl::StrFormat("%s is a truth value of %d; 0 or 1 was wanted", what, byte));
  }
  return byte == 1;
}

// `As` is what the variant keeps integers or floats of type T as.
template <typename T, typename As>
absl::StatusOr<ModelValue> ReadNumber(ByteReader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const T value, reader.Read<T>(what));
  return ModelValue(static_cast<As>(value));
}

template <typename T, typename As>
absl::StatusOr<ModelValue> ReadNumbers(ByteReader& reader, uint64_t count, std::string_view what) {
  RETURN_IF_ERROR(reader.ExpectItems(count, sizeof(T), what));
  std::vector<As> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const T value, reader.Read<T>(what));
    if constexpr (std::is_same_v<T, uint64_t>) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return absl::DataLossError(absl::StrFormat("%s: item %d is %d, above 2^63 - 1", what, i, value));
      }
    }
    values.push_back(static_cast<As>(value));
  }
  return ModelValue(std::move(values));
}

absl::StatusOr<ModelValue> ReadBools(ByteReader& reader, uint64_t count, std::string_view what) {
  RETURN_IF_ERROR(reader.ExpectItems(count, 1, what));
  std::vector<int64_t> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const bool value, ReadBool(reader, what));
    values.push_back(value ? 1 : 0);
  }
  return ModelValue(std::move(values));
}

absl::StatusOr<ModelValue> ReadStrings(ByteReader& reader, uint64_t count, std::string_view what) {
  RETURN_IF_ERROR(reader.ExpectItems(count, sizeof(uint64_t), what));
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const std::string_view value, reader.ReadString(what));
    values.emplace_back(value);
  }
  return ModelValue(std::move(values));
}

absl::Status UnknownType(uint32_t type, std::string_view what) {
  return absl::DataLossError(absl::StrFormat("%s has value type %d; the format knows 0 to 12", what, type));
}

absl::StatusOr<ModelValue> ReadArray(ByteReader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const uint32_t type, reader.Read<uint32_t>(what));
  ASSIGN_OR_RETURN(const uint64_t count, reader.Read<uint64_t>(what));
  if (count > kMaxArrayItems) {
    return absl::DataLossError(
        absl::StrFormat("%s is an array of %d items; at most %d are read", what, count, kMaxArrayItems));
  }
  switch (type) {
    case kUint8:
      return ReadNumbers<uint8_t, int64_t>(reader, count, what);
    case kInt8:
      return ReadNumbers<int8_t, int64_t>(reader, count, what);
    case kUint16:
      return ReadNumbers<uint16_t, int64_t>(reader, count, what);
    case kInt16:
      return ReadNumbers<int16_t, int64_t>(reader, count, what);
    case kUint32:
      return ReadNumbers<uint32_t, int64_t>(reader, count, what);
    case kInt32:
      return ReadNumbers<int32_t, int64_t>(reader, count, what);
    case kUint64:
      return ReadNumbers<uint64_t, int64_t>(reader, count, what);
    case kInt64:
      return ReadNumbers<int64_t, int64_t>(reader, count, what);
    case kFloat32:
      return ReadNumbers<float, double>(reader, count, what);
    case kFloat64:
      return ReadNumbers<double, double>(reader, count, what);
    case kBool:
      return ReadBools(reader, count, what);
    case kString:
      return ReadStrings(reader, count, what);
    case kArray:
      return absl::UnimplementedError(absl::StrFormat("%s is an array of arrays, which is not read", what));
    default:
      return UnknownType(type, what);
  }
}

absl::StatusOr<ModelValue> ReadValue(ByteReader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const uint32_t type, reader.Read<uint32_t>(what));
  switch (type) {
    case kUint8:
      return ReadNumber<uint8_t, uint64_t>(reader, what);
    case kInt8:
      return ReadNumber<int8_t, int64_t>(reader, what);
    case kUint16:
      return ReadNumber<uint16_t, uint64_t>(reader, what);
    case kInt16:
      return ReadNumber<int16_t, int64_t>(reader, what);
    case kUint32:
      return ReadNumber<uint32_t, uint64_t>(reader, what);
    case kInt32:
      return ReadNumber<int32_t, int64_t>(reader, what);
    case kUint64:
      return ReadNumber<uint64_t, uint64_t>(reader, what);
    case kInt64:
      return ReadNumber<int64_t, int64_t>(reader, what);
    case kFloat32:
      return ReadNumber<float, double>(reader, what);
    case kFloat64:
      return ReadNumber<double, double>(reader, what);
    case kBool: {
      ASSIGN_OR_RETURN(const bool value, ReadBool(reader, what));
      return ModelValue(value);
    }
    case kString: {
      ASSIGN_OR_RETURN(const std::string_view value, reader.ReadString(what));
      return ModelValue(std::string(value));
    }
    case kArray:
      return ReadArray(reader, what);
    default:
      return UnknownType(type, what);
  }
}

}  // namespace

absl::StatusOr<ModelKeys> ReadGgufKeys(ByteReader& reader, uint64_t count) {
  RETURN_IF_ERROR(reader.ExpectItems(count, kMinKeyBytes, "the header's number of keys"));
  ModelKeys keys;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string where = absl::StrFormat("the name of key %d of %d", i + 1, count);
    ASSIGN_OR_RETURN(const std::string_view name, reader.ReadString(where));
    if (name.empty() || name.size() > kMaxNameBytes) {
      return absl::DataLossError(
          absl::StrFormat("%s has %d bytes; 1 to %d were wanted", where, name.size(), kMaxNameBytes));
    }
    const std::string what = absl::StrCat("key ", QuoteName(name));
    if (keys.contains(name)) {
      return absl::DataLossError(absl::StrCat(what, " occurs twice"));
    }
    ASSIGN_OR_RETURN(ModelValue value, ReadValue(reader, what));
    keys.emplace(name, std::move(value));
  }
  return keys;
}

std::string QuoteName(std::string_view name) {
  // Long enough for every sensible name, short enough for a log line.
  constexpr size_t kShown = 100;
  return absl::StrCat("'", absl::Utf8SafeCHexEscape(std::string(name.substr(0, kShown))),
                      name.size() > kShown ? "...'" : "'");
}

}  // namespace bitnet

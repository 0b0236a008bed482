#include "engine/model/gguf_header.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kDefaultAlignment = 32;
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr size_t kMaxKeyBytes = 65535;
constexpr size_t kMaxNameBytes = 63;  // ggml keeps names in 64 bytes with a zero at the end.
constexpr size_t kMaxDims = 4;
constexpr uint64_t kMaxElements = uint64_t{1} << 60;

enum ValueType : uint32_t {
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

class Bytes {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    static_assert(std::endian::native == std::endian::little, "would need swapping");
    const auto* begin = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(value));
  }
  void PutText(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
  void PutString(std::string_view text) {
    Put<uint64_t>(text.size());
    PutText(text);
  }
  void PadTo(uint64_t alignment) { bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment); }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

template <typename T>
bool Fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

bool FitsFloat(double value) {
  return !std::isfinite(value) || std::fabs(value) <= std::numeric_limits<float>::max();
}

// Writes a value's type and the value.
struct ValueWriter {
  Bytes& out;

  void operator()(uint64_t value) const {
    if (value <= std::numeric_limits<uint32_t>::max()) {
      out.Put(kUint32);
      out.Put(static_cast<uint32_t>(value));
    } else {
      out.Put(kUint64);
      out.Put(value);
    }
  }
  void operator()(int64_t value) const {
    if (value >= 0) {
      (*this)(static_cast<uint64_t>(value));
    } else if (Fits<int32_t>(value)) {
      out.Put(kInt32);
      out.Put(static_cast<int32_t>(value));
    } else {
      out.Put(kInt64);
      out.Put(value);
    }
  }
  void operator()(double value) const {
    if (FitsFloat(value)) {
      out.Put(kFloat32);
      out.Put(static_cast<float>(value));
    } else {
      out.Put(kFloat64);
      out.Put(value);
    }
  }
  void operator()(bool value) const {
    out.Put(kBool);
    out.Put<uint8_t>(value ? 1 : 0);
  }
  void operator()(const std::string& value) const {
    out.Put(kString);
    out.PutString(value);
  }
  void operator()(const std::vector<std::string>& values) const {
    BeginArray(kString, values.size());
    for (const std::string& value : values) {
      out.PutString(value);
    }
  }
  void operator()(const std::vector<int64_t>& values) const {
    const bool narrow = std::ranges::all_of(values, Fits<int32_t>);
    BeginArray(narrow ? kInt32 : kInt64, values.size());
    for (const int64_t value : values) {
      narrow ? out.Put(static_cast<int32_t>(value)) : out.Put(value);
    }
  }
  void operator()(const std::vector<double>& values) const {
    const bool narrow = std::ranges::all_of(values, FitsFloat);
    BeginArray(narrow ? kFloat32 : kFloat64, values.size());
    for (const double value : values) {
      narrow ? out.Put(static_cast<float>(value)) : out.Put(value);
    }
  }
  void BeginArray(ValueType type, uint64_t count) const {
    out.Put(kArray);
    out.Put(type);
    out.Put(count);
  }
};

absl::Status CheckKey(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a key has %d bytes; 1 to %d were wanted", key.size(), kMaxKeyBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckTensor(const GgufTensorPlan& tensor) {
  const std::string name = QuoteName(tensor.name);
  if (tensor.name.empty() || tensor.name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("tensor %s has a name of %d bytes; 1 to %d were wanted",
                                                      name, tensor.name.size(), kMaxNameBytes));
  }
  if (tensor.dims.empty() || tensor.dims.size() > kMaxDims || std::ranges::count(tensor.dims, 0) > 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("tensor %s has %d dimensions; 1 to %d were wanted, none of them 0", name,
                        tensor.dims.size(), kMaxDims));
  }
  if (static_cast<uint32_t>(tensor.type) >= kFirstInternalType) {
    return absl::InvalidArgumentError(absl::StrFormat("tensor %s: a GGUF file has no type %s", name,
                                                      std::string(GgmlTypeName(tensor.type))));
  }
  uint64_t elements = 1;
  for (const uint64_t dim : tensor.dims) {
    if (elements > kMaxElements / dim) {
      return absl::InvalidArgumentError(absl::StrFormat("tensor %s is larger than any file can hold", name));
    }
    elements *= dim;
  }
  const uint64_t rows = elements / tensor.dims[0];
  const auto divisors = FindGgmlDivisors(tensor.type);
  const auto wanted = GgmlTensorBytes(tensor.type, rows, tensor.dims[0]);
  if (tensor.bytes == 0 || (divisors.has_value() && tensor.dims[0] % divisors->k != 0) ||
      (wanted.has_value() && *wanted != tensor.bytes)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("tensor %s: %d bytes are not %d rows of %d weights of type %s", name, tensor.bytes,
                        rows, tensor.dims[0], std::string(GgmlTypeName(tensor.type))));
  }
  return absl::OkStatus();
}

absl::Status PutTensors(std::span<const GgufTensorPlan> tensors, uint64_t alignment, Bytes& out) {
  absl::flat_hash_set<std::string_view> names;
  uint64_t offset = 0;
  for (const GgufTensorPlan& tensor : tensors) {
    RETURN_IF_ERROR(CheckTensor(tensor));
    if (!names.insert(tensor.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("there are two tensors %s", QuoteName(tensor.name)));
    }
    out.PutString(tensor.name);
    out.Put(static_cast<uint32_t>(tensor.dims.size()));
    for (const uint64_t dim : tensor.dims) {
      out.Put(dim);
    }
    out.Put(tensor.type);
    out.Put(offset);
    offset += (tensor.bytes + alignment - 1) / alignment * alignment;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> GgufHeader(const ModelKeys& keys,
                                                std::span<const GgufTensorPlan> tensors, uint64_t alignment) {
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > uint64_t{1} << 31) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the alignment is %d; a power of two from 8 to 2^31 was wanted", alignment));
  }
  ModelKeys written = keys;
  written.erase(std::string(kAlignmentKey));
  if (alignment != kDefaultAlignment) {
    written.emplace(kAlignmentKey, alignment);
  }
  Bytes out;
  out.PutText("GGUF");
  out.Put(kVersion);
  out.Put<uint64_t>(tensors.size());
  out.Put<uint64_t>(written.size());
  for (const auto& [key, value] : written) {
    RETURN_IF_ERROR(CheckKey(key));
    out.PutString(key);
    std::visit(ValueWriter{out}, value);
  }
  RETURN_IF_ERROR(PutTensors(tensors, alignment, out));
  out.PadTo(alignment);
  return out.Take();
}

}  // namespace bitnet

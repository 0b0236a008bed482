// Builds GGUF files in memory: well-formed ones from keys and tensors, and malformed ones by way of the
// Raw* calls and the fields of the header.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/model_file.h"

namespace bitnet {

// Little-endian bytes, appended to. Tests run on little-endian machines only.
class ByteBuilder {
 public:
  template <typename T>
  ByteBuilder& Value(T value) {
    const auto* begin = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(value));
    return *this;
  }
  ByteBuilder& Bytes(std::string_view bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteBuilder& String(std::string_view text) { return Value<uint64_t>(text.size()).Bytes(text); }
  ByteBuilder& Append(const std::vector<uint8_t>& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteBuilder& PadTo(size_t alignment) {
    while (bytes_.size() % alignment != 0) {
      bytes_.push_back(0);
    }
    return *this;
  }
  size_t size() const { return bytes_.size(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

class GgufWriter {
 public:
  // The numbers of value types in the file.
  enum ValueType : uint32_t {
    kUint8,
    kInt8,
    kUint16,
    kInt16,
    kUint32,
    kInt32,
    kFloat32,
    kBool,
    kString,
    kArray,
    kUint64,
    kInt64,
    kFloat64
  };

  // Header fields; changed by tests that want a wrong one. Counts of -1 are the true ones.
  std::string magic = "GGUF";
  uint32_t version = 3;
  int64_t num_tensors = -1;
  int64_t num_keys = -1;
  // Where tensors are put. Written as general.alignment only if it is not the format's default.
  uint32_t alignment = 32;

  GgufWriter& Uint32(std::string_view key, uint32_t value) { return Scalar(key, kUint32, value); }
  GgufWriter& Uint64(std::string_view key, uint64_t value) { return Scalar(key, kUint64, value); }
  GgufWriter& Int32(std::string_view key, int32_t value) { return Scalar(key, kInt32, value); }
  GgufWriter& Float32(std::string_view key, float value) { return Scalar(key, kFloat32, value); }
  GgufWriter& Float64(std::string_view key, double value) { return Scalar(key, kFloat64, value); }
  GgufWriter& Bool(std::string_view key, bool value) { return Scalar<uint8_t>(key, kBool, value ? 1 : 0); }
  GgufWriter& String(std::string_view key, std::string_view value) {
    return RawKey(key, kString, ByteBuilder().String(value).bytes());
  }
  GgufWriter& Strings(std::string_view key, const std::vector<std::string>& values) {
    ByteBuilder out;
    out.Value<uint32_t>(kString).Value<uint64_t>(values.size());
    for (const std::string& value : values) {
      out.String(value);
    }
    return RawKey(key, kArray, out.bytes());
  }
  GgufWriter& Int32s(std::string_view key, const std::vector<int32_t>& values) {
    return Array(key, kInt32, values);
  }
  GgufWriter& Float32s(std::string_view key, const std::vector<float>& values) {
    return Array(key, kFloat32, values);
  }
  template <typename T>
  GgufWriter& Scalar(std::string_view key, uint32_t type, T value) {
    return RawKey(key, type, ByteBuilder().Value(value).bytes());
  }
  template <typename T>
  GgufWriter& Array(std::string_view key, uint32_t type, const std::vector<T>& values) {
    ByteBuilder out;
    out.Value<uint32_t>(type).template Value<uint64_t>(values.size());
    for (const T& value : values) {
      out.Value(value);
    }
    return RawKey(key, kArray, out.bytes());
  }
  // A key whose type and value bytes are taken as they are.
  GgufWriter& RawKey(std::string_view key, uint32_t type, const std::vector<uint8_t>& value) {
    keys_.String(key).Value(type).Append(value);
    ++true_num_keys_;
    return *this;
  }

  // A tensor placed after the one before it, at the next aligned offset. `data` is taken as it is.
  GgufWriter& Tensor(std::string_view name, GgmlType type, const std::vector<uint64_t>& dims,
                     const std::vector<uint8_t>& data) {
    data_.PadTo(alignment);
    RawTensor(name, static_cast<uint32_t>(type), dims, data_.size());
    data_.Append(data);
    return *this;
  }
  GgufWriter& F32Tensor(std::string_view name, const std::vector<uint64_t>& dims,
                        const std::vector<float>& values) {
    ByteBuilder data;
    for (float value : values) {
      data.Value(value);
    }
    return Tensor(name, GgmlType::kF32, dims, data.bytes());
  }
  // A line of the tensor table alone.
  GgufWriter& RawTensor(std::string_view name, uint32_t type, const std::vector<uint64_t>& dims,
                        uint64_t offset) {
    tensors_.String(name).Value<uint32_t>(dims.size());
    for (uint64_t dim : dims) {
      tensors_.Value(dim);
    }
    tensors_.Value(type).Value(offset);
    ++true_num_tensors_;
    return *this;
  }
  // Bytes at the end of the tensor data.
  GgufWriter& RawData(const std::vector<uint8_t>& data) {
    data_.Append(data);
    return *this;
  }

  // The file. May be called again after more was added.
  std::vector<uint8_t> Finish() const {
    const bool writes_alignment = alignment != 32;
    ByteBuilder out;
    out.Bytes(magic).Value(version);
    out.Value<uint64_t>(num_tensors >= 0 ? num_tensors : true_num_tensors_);
    out.Value<uint64_t>(num_keys >= 0 ? num_keys : true_num_keys_ + writes_alignment);
    if (writes_alignment) {
      out.String("general.alignment").Value<uint32_t>(kUint32).Value(alignment);
    }
    out.Append(keys_.bytes()).Append(tensors_.bytes());
    if (data_.size() > 0) {
      out.PadTo(alignment).Append(data_.bytes());
    }
    return out.bytes();
  }

 private:
  ByteBuilder keys_;
  ByteBuilder tensors_;
  ByteBuilder data_;
  int64_t true_num_keys_ = 0;
  int64_t true_num_tensors_ = 0;
};

}  // namespace bitnet

#include "engine/model/model_file.h"

#include <bit>
#include <functional>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/byte_reader.h"
#include "engine/model/gguf_keys.h"
#include "engine/model/gguf_tensors.h"
#include "engine/model/mapping.h"

namespace bitnet {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kVersion = 3;
constexpr uint64_t kDefaultAlignment = 32;

struct Header {
  uint64_t num_tensors;
  uint64_t num_keys;
};

absl::StatusOr<Header> ReadHeader(ByteReader& reader) {
  ASSIGN_OR_RETURN(const auto magic, reader.Read<uint32_t>("the magic number"));
  const std::string_view found(reinterpret_cast<const char*>(&magic), sizeof(magic));
  if (found != kMagic) {
    return absl::DataLossError(absl::StrFormat("not a GGUF file: begins with \"%s\" where \"%s\" was wanted",
                                               absl::CHexEscape(std::string(found)), kMagic));
  }
  ASSIGN_OR_RETURN(const auto version, reader.Read<uint32_t>("the version"));
  if (version == kVersion << 24) {
    return absl::UnimplementedError("is a big-endian GGUF file; only little-endian ones are read");
  }
  if (version != kVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("is GGUF version %d; only version %d is read", version, kVersion));
  }
  Header header;
  ASSIGN_OR_RETURN(header.num_tensors, reader.Read<uint64_t>("the number of tensors"));
  ASSIGN_OR_RETURN(header.num_keys, reader.Read<uint64_t>("the number of keys"));
  return header;
}

absl::StatusOr<uint64_t> ReadAlignment(const ModelKeys& keys) {
  const auto it = keys.find("general.alignment");
  if (it == keys.end()) {
    return kDefaultAlignment;
  }
  const auto* value = std::get_if<uint64_t>(&it->second);
  if (value == nullptr || *value % 8 != 0 || !std::has_single_bit(*value) || *value > uint64_t{1} << 32) {
    return absl::DataLossError(absl::StrCat(
        "key 'general.alignment' is ", value == nullptr ? "not an unsigned integer" : absl::StrCat(*value),
        "; a power of two from 8 to 2^32 was wanted"));
  }
  return *value;
}

// Says in which file it happened.
absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

struct ModelFile::Contents {
  std::string path;
  std::vector<Mapping> storage;  // Empty if the caller keeps the bytes.
  uint64_t file_bytes = 0;
  ModelKeys keys;
  std::vector<ModelTensor> tensors;
  absl::flat_hash_map<std::string_view, size_t> tensor_index;

  absl::Status Fill(std::span<const uint8_t> bytes) {
    ByteReader reader(bytes);
    ASSIGN_OR_RETURN(const Header header, ReadHeader(reader));
    ASSIGN_OR_RETURN(keys, ReadGgufKeys(reader, header.num_keys));
    ASSIGN_OR_RETURN(std::vector<GgufTensorInfo> infos, ReadGgufTensorInfos(reader, header.num_tensors));
    ASSIGN_OR_RETURN(const uint64_t alignment, ReadAlignment(keys));
    const uint64_t begin = (reader.position() + alignment - 1) / alignment * alignment;
    const std::span<const uint8_t> data =
        begin < bytes.size() ? bytes.subspan(begin) : std::span<const uint8_t>();
    const auto found = keys.find("general.architecture");
    const auto* architecture = found == keys.end() ? nullptr : std::get_if<std::string>(&found->second);
    ASSIGN_OR_RETURN(tensors, PlaceGgufTensors(std::move(infos), data, alignment,
                                               architecture == nullptr ? std::string_view() : *architecture));
    IndexTensors();
    file_bytes = bytes.size();
    return absl::OkStatus();
  }

  void IndexTensors() {
    for (size_t i = 0; i < tensors.size(); ++i) {
      tensor_index.emplace(tensors[i].name, i);
    }
  }

  absl::StatusOr<const ModelValue*> Find(std::string_view key) const {
    const auto it = keys.find(key);
    if (it == keys.end()) {
      return absl::NotFoundError(absl::StrCat(path, ": has no key ", QuoteName(key)));
    }
    return &it->second;
  }

  absl::Status WrongType(std::string_view key, std::string_view wanted) const {
    return absl::DataLossError(absl::StrFormat("%s: key %s is not %s", path, QuoteName(key), wanted));
  }

  template <typename T>
  absl::StatusOr<const T*> FindAs(std::string_view key, std::string_view wanted) const {
    ASSIGN_OR_RETURN(const ModelValue* value, Find(key));
    if (const T* found = std::get_if<T>(value)) {
      return found;
    }
    return WrongType(key, wanted);
  }

  template <typename T>
  absl::StatusOr<std::span<const T>> FindArray(std::string_view key, std::string_view wanted) const {
    ASSIGN_OR_RETURN(const ModelValue* value, Find(key));
    if (const auto* found = std::get_if<std::vector<T>>(value)) {
      return std::span<const T>(*found);
    }
    return WrongType(key, wanted);
  }
};

uint64_t ModelTensor::num_elements() const {
  return std::accumulate(dims.begin(), dims.end(), uint64_t{1}, std::multiplies<>());
}

ModelFile::ModelFile(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
ModelFile::~ModelFile() = default;

absl::StatusOr<std::unique_ptr<ModelFile>> ModelFile::Open(const std::string& path, FileAccess access) {
  ASSIGN_OR_RETURN(Mapping mapping,
                   access == FileAccess::kMap ? Mapping::MapFile(path) : Mapping::ReadFile(path));
  const std::span<const uint8_t> bytes = mapping.bytes();
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, Parse(bytes, path));
  file->contents_->storage.push_back(std::move(mapping));
  return file;
}

absl::StatusOr<std::unique_ptr<ModelFile>> ModelFile::Parse(std::span<const uint8_t> bytes,
                                                            std::string name) {
  auto contents = std::make_unique<Contents>();
  contents->path = std::move(name);
  if (absl::Status status = contents->Fill(bytes); !status.ok()) {
    return InFile(contents->path, status);
  }
  return std::unique_ptr<ModelFile>(new ModelFile(std::move(contents)));
}

std::unique_ptr<ModelFile> ModelFile::FromParts(std::string path, ModelKeys keys,
                                                std::vector<ModelTensor> tensors,
                                                std::vector<Mapping> storage) {
  auto contents = std::make_unique<Contents>();
  contents->path = std::move(path);
  contents->keys = std::move(keys);
  contents->tensors = std::move(tensors);
  contents->storage = std::move(storage);
  for (const Mapping& mapping : contents->storage) {
    contents->file_bytes += mapping.bytes().size();
  }
  contents->IndexTensors();
  return std::unique_ptr<ModelFile>(new ModelFile(std::move(contents)));
}

const std::string& ModelFile::path() const { return contents_->path; }
uint64_t ModelFile::file_bytes() const { return contents_->file_bytes; }
bool ModelFile::Has(std::string_view key) const { return contents_->keys.contains(key); }
std::span<const ModelTensor> ModelFile::tensors() const { return contents_->tensors; }
const ModelKeys& ModelFile::keys() const { return contents_->keys; }

absl::StatusOr<uint64_t> ModelFile::GetUint(std::string_view key) const {
  ASSIGN_OR_RETURN(const ModelValue* value, contents_->Find(key));
  if (const auto* found = std::get_if<uint64_t>(value)) {
    return *found;
  }
  // Some writers use signed integers throughout.
  if (const auto* found = std::get_if<int64_t>(value); found != nullptr && *found >= 0) {
    return static_cast<uint64_t>(*found);
  }
  return contents_->WrongType(key, "an integer of 0 or more");
}

absl::StatusOr<double> ModelFile::GetFloat(std::string_view key) const {
  ASSIGN_OR_RETURN(const double* value, contents_->FindAs<double>(key, "a floating-point number"));
  return *value;
}

absl::StatusOr<bool> ModelFile::GetBool(std::string_view key) const {
  ASSIGN_OR_RETURN(const bool* value, contents_->FindAs<bool>(key, "a truth value"));
  return *value;
}

absl::StatusOr<std::string> ModelFile::GetString(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string* value, contents_->FindAs<std::string>(key, "a string"));
  return *value;
}

absl::StatusOr<std::span<const std::string>> ModelFile::GetStrings(std::string_view key) const {
  return contents_->FindArray<std::string>(key, "an array of strings");
}

absl::StatusOr<std::span<const int64_t>> ModelFile::GetInts(std::string_view key) const {
  return contents_->FindArray<int64_t>(key, "an array of integers");
}

absl::StatusOr<std::span<const double>> ModelFile::GetFloats(std::string_view key) const {
  return contents_->FindArray<double>(key, "an array of floating-point numbers");
}

absl::StatusOr<const ModelTensor*> ModelFile::GetTensor(std::string_view name) const {
  const auto it = contents_->tensor_index.find(name);
  if (it == contents_->tensor_index.end()) {
    return absl::NotFoundError(absl::StrCat(contents_->path, ": has no tensor ", QuoteName(name)));
  }
  return &contents_->tensors[it->second];
}

}  // namespace bitnet

#include "engine/huggingface/shards.h"

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/huggingface/json_fields.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

constexpr std::string_view kSingle = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr int kIndexDepth = 4;

std::string Join(const std::string& directory, std::string_view name) {
  return absl::StrCat(directory, directory.ends_with('/') ? "" : "/", std::string(name));
}

absl::StatusOr<Mapping> OpenFile(const std::string& path, FileAccess access) {
  return access == FileAccess::kMap ? Mapping::MapFile(path) : Mapping::ReadFile(path);
}

// Which tensors each file has to have.
absl::StatusOr<std::map<std::string, std::vector<std::string>>> ReadIndex(const std::string& path) {
  ASSIGN_OR_RETURN(const Mapping file, Mapping::ReadFile(path));
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJsonObject(file.bytes(), path, kIndexDepth));
  const JsonFields fields(path, json);
  const nlohmann::json* map = fields.Find("weight_map");
  if (map == nullptr || !map->is_object() || map->empty()) {
    return fields.Wrong("weight_map", "an object of file names");
  }
  const JsonFields names(absl::StrCat(path, ": weight_map"), *map);
  std::map<std::string, std::vector<std::string>> tensors_of;
  for (const auto& [tensor, value] : map->items()) {
    ASSIGN_OR_RETURN(std::string name, names.String(tensor));
    // A name and nothing else: an index is not to make us read files elsewhere.
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.') ||
        name.find('\0') != std::string::npos) {
      return names.Wrong(tensor, "the name of a file beside the index");
    }
    tensors_of[std::move(name)].push_back(tensor);
  }
  return tensors_of;
}

}  // namespace

absl::StatusOr<Shards> OpenShards(const std::string& directory, FileAccess access) {
  std::map<std::string, std::vector<std::string>> tensors_of;
  Shards shards;
  absl::StatusOr<Mapping> single = OpenFile(Join(directory, kSingle), access);
  if (single.ok()) {
    ASSIGN_OR_RETURN(shards.tensors, ReadSafetensors(single->bytes(), Join(directory, kSingle)));
    shards.files.push_back(*std::move(single));
    return shards;
  }
  if (!absl::IsNotFound(single.status())) {
    return single.status();
  }
  absl::StatusOr<std::map<std::string, std::vector<std::string>>> index = ReadIndex(Join(directory, kIndex));
  if (absl::IsNotFound(index.status())) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": has neither ", std::string(kSingle), " nor ", std::string(kIndex)));
  }
  RETURN_IF_ERROR(index.status());
  absl::flat_hash_map<std::string, std::string> file_of;
  for (const auto& [name, expected] : *index) {
    const std::string path = Join(directory, name);
    ASSIGN_OR_RETURN(Mapping file, OpenFile(path, access));
    ASSIGN_OR_RETURN(std::vector<SafetensorsTensor> tensors, ReadSafetensors(file.bytes(), path));
    for (const SafetensorsTensor& tensor : tensors) {
      const auto [it, added] = file_of.emplace(tensor.name, name);
      if (!added) {
        return absl::DataLossError(
            absl::StrCat(path, ": tensor ", QuoteName(tensor.name), " is also in ", it->second));
      }
    }
    for (const std::string& tensor : expected) {
      const auto it = file_of.find(tensor);
      if (it == file_of.end() || it->second != name) {
        return absl::DataLossError(absl::StrCat(path, ": lacks tensor ", QuoteName(tensor), ", which ",
                                                std::string(kIndex), " says it has"));
      }
    }
    shards.tensors.insert(shards.tensors.end(), std::make_move_iterator(tensors.begin()),
                          std::make_move_iterator(tensors.end()));
    shards.files.push_back(std::move(file));
  }
  return shards;
}

}  // namespace bitnet

#include "service/models/model_spec.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr size_t kLongestName = 128;

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._-/:").find(c) != std::string_view::npos;
  });
}

std::string NameOfFile(std::filesystem::path path) {
  if (!path.has_filename()) {
    path = path.parent_path();  // A directory's, with a slash at its end.
  }
  return (path.extension() == ".gguf" ? path.stem() : path.filename()).string();
}

// "a=b" at its first '='; INVALID_ARGUMENT calls it by its flag.
absl::StatusOr<std::pair<std::string, std::string>> Split(const std::string& flag, const std::string& text,
                                                          const std::string& wanted) {
  std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!IsName(parts.first) || parts.second.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " is '", text, "', wanted ", wanted,
                                                   " with a name of 1 to ", kLongestName,
                                                   " letters, digits and characters of \"._-/:\""));
  }
  return parts;
}

absl::StatusOr<ModelSpec> ReadModel(const std::string& text) {
  if (text.find('=') == std::string::npos) {
    return ModelSpec{.name = NameOfFile(text), .path = text};
  }
  ASSIGN_OR_RETURN(auto parts, Split("--model", text, "PATH or NAME=PATH"));
  return ModelSpec{.name = std::move(parts.first), .path = std::move(parts.second)};
}

absl::StatusOr<ModelSpec*> Find(std::vector<ModelSpec>& specs, const std::string& flag,
                                const std::string& name) {
  const auto at = std::ranges::find(specs, name, &ModelSpec::name);
  if (at == specs.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, " is for model '", name, "', which is none of ",
        absl::StrJoin(specs, ", ", [](std::string* out, const ModelSpec& spec) { *out += spec.name; })));
  }
  return &*at;
}

}  // namespace

absl::StatusOr<std::vector<ModelSpec>> PlanModels(const std::vector<std::string>& models,
                                                  const std::vector<std::string>& aliases,
                                                  const std::vector<std::string>& adapters) {
  std::vector<ModelSpec> specs;
  std::set<std::string> names;
  const auto take = [&names](const std::string& name) {
    return names.insert(name).second
               ? absl::OkStatus()
               : absl::InvalidArgumentError(absl::StrCat("the name '", name, "' is given to two models"));
  };
  for (const std::string& text : models) {
    ASSIGN_OR_RETURN(ModelSpec spec, ReadModel(text));
    RETURN_IF_ERROR(take(spec.name));
    specs.push_back(std::move(spec));
  }
  for (const std::string& text : aliases) {
    ASSIGN_OR_RETURN(auto parts, Split("--alias", text, "NAME=MODEL"));
    ASSIGN_OR_RETURN(ModelSpec* const spec, Find(specs, "--alias", parts.second));
    RETURN_IF_ERROR(take(parts.first));
    spec->aliases.push_back(std::move(parts.first));
  }
  for (const std::string& text : adapters) {
    // No name has a comma, but paths do.
    const size_t comma = text.find(',');
    const bool has_model = comma < text.find('=');
    const std::string adapter = has_model ? text.substr(comma + 1) : text;
    RETURN_IF_ERROR(Split("--adapter", adapter, "NAME=PATH or MODEL,NAME=PATH").status());
    ASSIGN_OR_RETURN(ModelSpec* const spec,
                     Find(specs, "--adapter", has_model ? text.substr(0, comma) : specs.front().name));
    spec->adapters.push_back(adapter);
  }
  return specs;
}

}  // namespace bitnet

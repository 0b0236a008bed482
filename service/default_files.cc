#include "service/default_files.h"

#include <cstdlib>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#if defined(__APPLE__)
#include <mach-o/dyld.h>

#include <string>
#endif

namespace bitnet {
namespace {

constexpr const char* kModelName = "lighthouse-1.58b-6m.gguf";

bool IsFile(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

absl::StatusOr<std::filesystem::path> ExecutablePath() {
  std::error_code error;
#if defined(__APPLE__)
  uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string name(size, '\0');
  _NSGetExecutablePath(name.data(), &size);
  const std::filesystem::path path = std::filesystem::canonical(name.c_str(), error);
#else
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
#endif
  if (error) {
    return absl::InternalError(absl::StrCat("cannot find the running program's file: ", error.message()));
  }
  return path;
}

absl::StatusOr<std::filesystem::path> DefaultModel(const std::filesystem::path& executable) {
  if (const char* named = std::getenv("BITNET_MODEL"); named != nullptr && *named != '\0') {
    if (!IsFile(named)) {
      return absl::NotFoundError(absl::StrCat("BITNET_MODEL names ", named, ", which is not a file"));
    }
    return std::filesystem::path(named);
  }
  const std::filesystem::path installed =
      executable.parent_path().parent_path() / "share" / "bitnet" / "models" / kModelName;
  if (IsFile(installed)) {
    return installed;
  }
  for (std::filesystem::path folder = executable.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (IsFile(folder / "models" / kModelName)) {
      return folder / "models" / kModelName;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "no model: name one with --model or BITNET_MODEL; the embedded one is neither ", installed.string(),
      " nor models/", kModelName, " in a folder above ", executable.string()));
}

}  // namespace bitnet

#include "base/default_model.h"

#include <system_error>
#include <vector>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bitnet {
namespace {

constexpr const char* kFileName = "lighthouse-1.58b-6m.gguf";

std::vector<std::filesystem::path> Candidates(const std::filesystem::path& program) {
  const std::filesystem::path folder = program.parent_path();
  std::vector<std::filesystem::path> candidates = {folder.parent_path() / "share/bitnet/models" / kFileName};
  for (std::filesystem::path above = folder;; above = above.parent_path()) {
    candidates.push_back(above / "models" / kFileName);
    if (above == above.parent_path()) {
      return candidates;
    }
  }
}

}  // namespace

absl::StatusOr<std::string> FindDefaultModel(const char* environment, const std::filesystem::path& program) {
  if (environment != nullptr && *environment != '\0') {
    return environment;
  }
  std::vector<std::string> tried;
  if (!program.empty()) {
    for (const std::filesystem::path& candidate : Candidates(program)) {
      std::error_code ignored;
      if (std::filesystem::is_regular_file(candidate, ignored)) {
        return candidate.string();
      }
      tried.push_back(candidate.string());
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "no model: give --model PATH or set BITNET_MODEL. The model that comes with the program was "
      "looked for and not found at:\n  ",
      absl::StrJoin(tried, "\n  ")));
}

#if defined(__APPLE__)

std::filesystem::path ProgramPath() {
  uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (_NSGetExecutablePath(path.data(), &size) != 0) {
    return {};
  }
  std::error_code error;
  return std::filesystem::canonical(path.c_str(), error);
}

#else

std::filesystem::path ProgramPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

#endif

}  // namespace bitnet

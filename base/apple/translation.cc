#include "base/apple/translation.h"

#include "absl/strings/str_cat.h"

namespace bitnet {

absl::Status CheckNotTranslated(const AppleChip& chip) {
  if (!chip.translated) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "this program is built for Intel (x86_64), and Rosetta translates it on ",
      chip.name.empty() ? "Apple Silicon" : chip.name,
      ": that is many times slower than the build for arm64, which is wanted here. A shell or a Homebrew "
      "that runs under Rosetta installs the wrong one; see with: arch, file PROGRAM"));
}

}  // namespace bitnet

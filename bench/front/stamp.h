// Times in the text of tokens, of a clock that all processes of a machine share.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace bitnet {

// 16 hexadecimal digits: nanoseconds of the steady clock, which on Linux and macOS counts for the whole
// machine. Stamps stay apart when the texts of several tokens are joined.
inline constexpr size_t kStampBytes = 16;

inline int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline std::string Stamp(int64_t nanoseconds) {
  return absl::StrCat(absl::Hex(nanoseconds, absl::kZeroPad16));
}

// Calls `use` with the nanoseconds of every stamp in `text`.
template <typename Use>
void ForEachStamp(std::string_view text, Use use) {
  for (; text.size() >= kStampBytes; text.remove_prefix(kStampBytes)) {
    int64_t nanoseconds = 0;
    std::from_chars(text.data(), text.data() + kStampBytes, nanoseconds, 16);
    use(nanoseconds);
  }
}

}  // namespace bitnet

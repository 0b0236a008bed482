// Finds the first stop string in streamed text, and holds back what may become one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet {

class StopStrings {
 public:
  // None of `stops` is empty; there may be no stops at all, then text passes through.
  explicit StopStrings(std::vector<std::string> stops);

  // Text that is safe to deliver now: it lies before any stop string and cannot become part of one. After a
  // match nothing more comes out.
  std::string Append(std::string_view text);
  // The rest that was held back, at the end of the output.
  std::string Flush();
  // The stop string that matched: the one that starts earliest, the longest of those that start together
  // among what has been seen.
  const std::optional<std::string>& matched() const { return matched_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::optional<std::string> matched_;
};

}  // namespace bitnet

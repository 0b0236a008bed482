#include "base/stop_strings.h"

#include <algorithm>
#include <utility>

namespace bitnet {
namespace {

// Length of the longest suffix of `text` that is a proper prefix of `stop`.
size_t PartialMatch(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) {
      return n;
    }
  }
  return 0;
}

}  // namespace

StopStrings::StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

std::string StopStrings::Append(std::string_view text) {
  if (matched_.has_value()) {
    return "";
  }
  held_ += text;

  size_t earliest = std::string::npos;
  const std::string* found = nullptr;
  size_t keep = 0;
  for (const std::string& stop : stops_) {
    const size_t at = held_.find(stop);
    if (at < earliest || (at == earliest && found != nullptr && stop.size() > found->size())) {
      earliest = at;
      found = &stop;
    }
    keep = std::max(keep, PartialMatch(held_, stop));
  }

  // A longer stop that began earlier may be unfinished ("abc" and "b" after "ab"): the complete one ends the
  // output now, since a client waits for text, not for a better match.
  const size_t safe = found != nullptr ? earliest : held_.size() - keep;
  std::string out = held_.substr(0, safe);
  if (found != nullptr) {
    matched_ = *found;
    held_.clear();
  } else {
    held_.erase(0, safe);
  }
  return out;
}

std::string StopStrings::Flush() { return std::exchange(held_, ""); }

}  // namespace bitnet

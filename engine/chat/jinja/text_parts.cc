// Taking text apart: strip, split, replace.
#include <algorithm>

#include "engine/chat/jinja/text.h"

namespace bitnet::jinja {
namespace {

// Whether the character at `at` is one of those in `chars`.
bool IsAmong(std::string_view text, size_t at, size_t length, std::string_view chars) {
  for (size_t i = 0; i < chars.size();) {
    const size_t other = CharLength(chars, i);
    if (chars.substr(i, other) == text.substr(at, length)) {
      return true;
    }
    i += other;
  }
  return false;
}

// Where the character before `end` begins: its last byte that is no continuation, if that reaches to `end`.
size_t PreviousChar(std::string_view text, size_t begin, size_t end) {
  const size_t nearest = end - begin > 4 ? end - 4 : begin;
  for (size_t at = end - 1;; --at) {
    if ((text[at] & 0xC0) != 0x80) {
      return at + CharLength(text, at) == end ? at : end - 1;
    }
    if (at == nearest) {
      return end - 1;
    }
  }
}

struct Cut {
  size_t begin, end;
};

std::vector<Text> PartsBetween(const Text& text, const std::vector<Cut>& cuts) {
  std::vector<Text> parts;
  size_t begin = 0;
  for (const Cut& cut : cuts) {
    parts.push_back(text.Part(begin, cut.begin));
    begin = cut.end;
  }
  parts.push_back(text.Part(begin));
  return parts;
}

std::vector<Cut> FindCuts(std::string_view bytes, std::string_view separator, int64_t max_cuts,
                          bool from_right) {
  std::vector<Cut> cuts;
  const auto may_cut = [&] { return max_cuts < 0 || static_cast<int64_t>(cuts.size()) < max_cuts; };
  if (!from_right) {
    for (size_t at = 0; may_cut() && (at = bytes.find(separator, at)) != std::string_view::npos;) {
      cuts.push_back({at, at + separator.size()});
      at += separator.size();
    }
    return cuts;
  }
  size_t end = bytes.size();
  while (may_cut() && end >= separator.size()) {
    const size_t at = bytes.rfind(separator, end - separator.size());
    if (at == std::string_view::npos) {
      break;
    }
    cuts.push_back({at, at + separator.size()});
    end = at;
  }
  std::ranges::reverse(cuts);
  return cuts;
}

// The words between white space.
std::vector<Cut> FindWords(std::string_view bytes) {
  std::vector<Cut> words;
  const auto space_at = [&](size_t at) { return IsSpaceAt(bytes, at, CharLength(bytes, at)); };
  for (size_t at = 0; at < bytes.size();) {
    const size_t begin = at;
    while (at < bytes.size() && !space_at(at)) {
      at += CharLength(bytes, at);
    }
    if (at > begin) {
      words.push_back({begin, at});
    }
    while (at < bytes.size() && space_at(at)) {
      at += CharLength(bytes, at);
    }
  }
  return words;
}

// What follows the last cut keeps the white space at its end, or from the right, at its beginning.
std::vector<Text> SplitWords(const Text& text, int64_t max_cuts, bool from_right) {
  const std::vector<Cut> words = FindWords(text.bytes());
  const size_t count = max_cuts < 0 ? words.size() : std::min<uint64_t>(max_cuts, words.size());
  const bool has_rest = count < words.size();
  const size_t first = from_right ? words.size() - count : 0;
  std::vector<Text> parts;
  if (has_rest && from_right) {
    parts.push_back(text.Part(0, words[first - 1].end));
  }
  for (size_t i = first; i < first + count; ++i) {
    parts.push_back(text.Part(words[i].begin, words[i].end));
  }
  if (has_rest && !from_right) {
    parts.push_back(text.Part(words[count].begin));
  }
  return parts;
}

}  // namespace

Text Strip(const Text& text, StripEnds ends, std::optional<std::string_view> chars) {
  const std::string_view bytes = text.bytes();
  const auto stripped = [&](size_t at, size_t length) {
    return chars.has_value() ? IsAmong(bytes, at, length, *chars) : IsSpaceAt(bytes, at, length);
  };
  size_t begin = 0;
  size_t end = bytes.size();
  while (ends.left && begin < end) {
    const size_t length = CharLength(bytes, begin);
    if (!stripped(begin, length)) {
      break;
    }
    begin += length;
  }
  while (ends.right && end > begin) {
    const size_t last = PreviousChar(bytes, begin, end);
    if (!stripped(last, end - last)) {
      break;
    }
    end = last;
  }
  return text.Part(begin, end);
}

std::vector<Text> Split(const Text& text, std::optional<std::string_view> separator, int64_t max_cuts,
                        bool from_right) {
  if (!separator.has_value()) {
    return SplitWords(text, max_cuts, from_right);
  }
  return PartsBetween(text, FindCuts(text.bytes(), *separator, max_cuts, from_right));
}

std::vector<Text> SplitLines(const Text& text, bool keep_ends) {
  std::vector<Text> lines;
  const std::string& bytes = text.bytes();
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find_first_of("\r\n", begin), bytes.size());
    const bool is_pair = bytes.compare(end, 2, "\r\n") == 0;
    const size_t next = std::min(end + (is_pair ? 2 : 1), bytes.size());
    lines.push_back(text.Part(begin, keep_ends ? next : end));
    begin = next;
  }
  return lines;
}

Text Replace(const Text& text, std::string_view found, const Text& replacement, int64_t max_count) {
  std::vector<Cut> cuts;
  if (found.empty()) {
    for (const size_t at : CharOffsets(text.bytes())) {
      if (max_count >= 0 && static_cast<int64_t>(cuts.size()) == max_count) {
        break;
      }
      cuts.push_back({at, at});
    }
  } else {
    cuts = FindCuts(text.bytes(), found, max_count, false);
  }
  Text result;
  size_t begin = 0;
  for (const Cut& cut : cuts) {
    result.Append(text.Part(begin, cut.begin));
    result.Append(replacement);
    begin = cut.end;
  }
  result.Append(text.Part(begin));
  return result;
}

size_t CountOccurrences(std::string_view text, std::string_view found) {
  return found.empty() ? CountChars(text) + 1 : FindCuts(text, found, -1, false).size();
}

}  // namespace bitnet::jinja

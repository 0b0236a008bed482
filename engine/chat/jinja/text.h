// A string that remembers which of its bytes the template wrote and which came from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet::jinja {

enum class Origin : char {
  kTemplate,  // Written in the template, or made by it: may become a marker.
  kUser,      // From a message, a tool or a setting: is ordinary text, whatever it looks like.
};

// UTF-8, though any bytes are accepted; a byte that belongs to no valid character counts as one. Every byte
// has its own origin, so that whatever takes text apart and puts it together again keeps them right.
class Text {
 public:
  Text() = default;
  Text(std::string_view bytes, Origin origin)
      : bytes_(bytes), origins_(bytes.size(), static_cast<char>(origin)) {}

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  // Of the byte at `i`.
  Origin origin(size_t i) const { return static_cast<Origin>(origins_[i]); }
  // kUser if any byte is: of what is computed from the whole.
  Origin origin() const;

  void Append(const Text& text);
  void Append(std::string_view bytes, Origin origin);
  // Bytes `begin` to `end`, or to the end if that is nearer.
  Text Part(size_t begin, size_t end = std::string::npos) const;
  // The same bytes with other values; `bytes` is as long.
  Text WithBytes(std::string bytes) const;

  // What the origins are is not compared.
  friend bool operator==(const Text& a, const Text& b) { return a.bytes_ == b.bytes_; }

 private:
  std::string bytes_;
  std::string origins_;  // As long as bytes_.
};

// The length in bytes of the character at `at`, which is within `text`.
size_t CharLength(std::string_view text, size_t at);
size_t CountChars(std::string_view text);
// Where each character begins, and then the end.
std::vector<size_t> CharOffsets(std::string_view text);

// White space as Python's str.isspace() has it: that of Unicode and the four ASCII separators 0x1C to 0x1F.
bool IsSpaceAt(std::string_view text, size_t at, size_t length);

// Without the characters at either end that are among `chars`, or are white space.
struct StripEnds {
  bool left = true;
  bool right = true;
};
Text Strip(const Text& text, StripEnds ends, std::optional<std::string_view> chars = std::nullopt);

// The parts between `separator`, which is not empty, cut at most `max_cuts` times (negative: as often as
// there is one), from the left or the right. Without a separator, the words between white space.
std::vector<Text> Split(const Text& text, std::optional<std::string_view> separator, int64_t max_cuts,
                        bool from_right);
std::vector<Text> SplitLines(const Text& text, bool keep_ends);

// With `replacement` for `found`, at most `max_count` times (negative: all). An empty `found` is at every
// character's beginning and at the end.
Text Replace(const Text& text, std::string_view found, const Text& replacement, int64_t max_count);
// How often `found` occurs without overlaps, counted as Replace counts.
size_t CountOccurrences(std::string_view text, std::string_view found);

// ASCII letters only: the rest of Unicode stays as it is.
Text ToUpper(const Text& text);
Text ToLower(const Text& text);
Text Capitalize(const Text& text);  // The first upper, the others lower.
// Each word capitalised; words end at any of `breaks`, or if empty at whatever is no ASCII letter.
Text ToTitle(const Text& text, std::string_view breaks);

}  // namespace bitnet::jinja

#include "engine/chat/jinja/text.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/ascii.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet::jinja {
namespace {

bool IsSpace(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

template <typename Change>
Text MapBytes(const Text& text, Change change) {
  std::string bytes = text.bytes();
  std::ranges::transform(bytes, bytes.begin(), change);
  return text.WithBytes(std::move(bytes));
}

}  // namespace

Origin Text::origin() const {
  return origins_.find(static_cast<char>(Origin::kUser)) == std::string::npos ? Origin::kTemplate
                                                                              : Origin::kUser;
}

void Text::Append(const Text& text) {
  bytes_ += text.bytes_;
  origins_ += text.origins_;
}

void Text::Append(std::string_view bytes, Origin origin) {
  bytes_ += bytes;
  origins_.append(bytes.size(), static_cast<char>(origin));
}

Text Text::Part(size_t begin, size_t end) const {
  assert(begin <= size());
  Text part;
  part.bytes_ = bytes_.substr(begin, end - begin);
  part.origins_ = origins_.substr(begin, end - begin);
  return part;
}

Text Text::WithBytes(std::string bytes) const {
  assert(bytes.size() == size());
  Text text;
  text.bytes_ = std::move(bytes);
  text.origins_ = origins_;
  return text;
}

size_t CharLength(std::string_view text, size_t at) {
  return std::max<size_t>(1, DecodeUtf8Char(text.substr(at)).length);
}

size_t CountChars(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += CharLength(text, at)) {
    ++count;
  }
  return count;
}

std::vector<size_t> CharOffsets(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t at = 0; at < text.size(); at += CharLength(text, at)) {
    offsets.push_back(at);
  }
  offsets.push_back(text.size());
  return offsets;
}

bool IsSpaceAt(std::string_view text, size_t at, size_t length) {
  const Utf8Char character = DecodeUtf8Char(text.substr(at, length));
  return character.length > 0 && IsSpace(character.code);
}

Text ToUpper(const Text& text) { return MapBytes(text, absl::ascii_toupper); }

Text ToLower(const Text& text) { return MapBytes(text, absl::ascii_tolower); }

Text Capitalize(const Text& text) {
  std::string bytes = ToLower(text).bytes();
  if (!bytes.empty()) {
    bytes[0] = absl::ascii_toupper(bytes[0]);
  }
  return text.WithBytes(std::move(bytes));
}

Text ToTitle(const Text& text, std::string_view breaks) {
  bool begins = true;
  return MapBytes(text, [&](char c) {
    const char changed = begins ? absl::ascii_toupper(c) : absl::ascii_tolower(c);
    // A byte of a longer character is a letter, more often than not.
    const bool is_letter = absl::ascii_isalpha(c) || static_cast<uint8_t>(c) >= 0x80;
    begins = breaks.empty() ? !is_letter : breaks.find(c) != std::string_view::npos;
    return changed;
  });
}

}  // namespace bitnet::jinja

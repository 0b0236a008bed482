#include "engine/tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

int CombiningClass(utf8proc_int32_t code) { return utf8proc_get_property(code)->combining_class; }

void AppendDecomposed(char32_t code, std::vector<utf8proc_int32_t>& codes) {
  utf8proc_int32_t parts[8];  // The longest canonical decomposition has 4.
  int boundary_class = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(code), parts, std::size(parts),
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE), &boundary_class);
  if (count <= 0 || count > static_cast<utf8proc_ssize_t>(std::size(parts))) {
    codes.push_back(static_cast<utf8proc_int32_t>(code));
    return;
  }
  codes.insert(codes.end(), parts, parts + count);
}

// Marks on the same character are ordered by their class. utf8proc's own function does it by swapping
// neighbours, which takes quadratic time for a text of nothing but marks.
void OrderMarks(std::vector<utf8proc_int32_t>& codes) {
  const auto is_starter = [](utf8proc_int32_t code) { return CombiningClass(code) == 0; };
  for (auto begin = codes.begin(); begin != codes.end();) {
    begin = std::find_if_not(begin, codes.end(), is_starter);
    const auto end = std::find_if(begin, codes.end(), is_starter);
    std::ranges::stable_sort(begin, end, {}, CombiningClass);
    begin = end;
  }
}

void AppendNormalized(std::string_view valid, std::string& out) {
  std::vector<utf8proc_int32_t> codes;
  codes.reserve(valid.size());
  while (!valid.empty()) {
    const Utf8Char c = DecodeUtf8Char(valid);
    AppendDecomposed(c.code, codes);
    valid.remove_prefix(c.length);
  }
  OrderMarks(codes);
  const utf8proc_ssize_t count =
      utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    AppendUtf8(static_cast<char32_t>(codes[i]), out);
  }
}

}  // namespace

bool MayNeedNfc(std::string_view text) {
  // Nothing below U+0300, whose first byte is 0xCC, changes or combines.
  return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) >= 0xCC; });
}

std::string NormalizeNfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    AppendNormalized(text.substr(0, valid), out);
    text.remove_prefix(valid);
    if (!text.empty()) {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace bitnet

#include "engine/grammar/regex_class.h"

#include "absl/strings/ascii.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

absl::StatusOr<CodePoints> OneChar(absl::StatusOr<char32_t> c) {
  if (!c.ok()) {
    return c.status();
  }
  return CodePoints({{*c, *c}});
}

bool IsOneChar(const CodePoints& chars) {
  return chars.ranges().size() == 1 && chars.ranges()[0].first == chars.ranges()[0].last;
}

absl::StatusOr<CodePoints> ReadClassItem(TextCursor& cursor) {
  if (cursor.Peek() == '\\') {
    return ReadRegexEscape(cursor);
  }
  return OneChar(cursor.Next());
}

}  // namespace

absl::StatusOr<CodePoints> ReadRegexEscape(TextCursor& cursor) {
  const size_t begin = cursor.position();
  cursor.Take("\\");
  const CodePoints digits = {{'0', '9'}};
  const CodePoints word = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  const CodePoints space = {{'\t', '\r'}, {' ', ' '}};
  const char32_t c = cursor.Next();
  switch (c) {
    case 'd':
      return digits;
    case 'D':
      return digits.Complement();
    case 'w':
      return word;
    case 'W':
      return word.Complement();
    case 's':
      return space;
    case 'S':
      return space.Complement();
    case 't':
      return OneChar(U'\t');
    case 'n':
      return OneChar(U'\n');
    case 'r':
      return OneChar(U'\r');
    case 'f':
      return OneChar(U'\f');
    case 'v':
      return OneChar(U'\v');
    case 'x':
      return OneChar(cursor.Hex(2));
    case 'u': {
      if (!cursor.Take("{")) {
        return OneChar(cursor.Hex(4));
      }
      absl::StatusOr<CodePoints> result = OneChar(cursor.Hex(0));
      return !result.ok() || cursor.Take("}") ? result : cursor.Error("} is wanted");
    }
    default:
      break;
  }
  if (c == '0' && !absl::ascii_isdigit(static_cast<char>(cursor.Peek() & 0x7F))) {
    return OneChar(U'\0');
  }
  if (c < 0x80 && absl::ascii_ispunct(static_cast<char>(c))) {
    return OneChar(c);
  }
  return TextCursor::ErrorAt(begin, "this escape is not known");
}

absl::StatusOr<CodePoints> ReadRegexClass(TextCursor& cursor) {
  const size_t begin = cursor.position();
  cursor.Take("[");
  CodePoints chars;
  const bool negated = cursor.Take("^");
  while (!cursor.at_end()) {
    if (cursor.Take("]")) {
      return negated ? chars.Complement() : chars;
    }
    if (cursor.rest().starts_with("[:")) {
      return cursor.Error("[: :] is not known");
    }
    ASSIGN_OR_RETURN(CodePoints item, ReadClassItem(cursor));
    if (cursor.rest().size() > 1 && cursor.rest()[0] == '-' && cursor.rest()[1] != ']') {
      cursor.Take("-");
      ASSIGN_OR_RETURN(const CodePoints last, ReadClassItem(cursor));
      if (!IsOneChar(item) || !IsOneChar(last) || item.ranges()[0].first > last.ranges()[0].first) {
        return cursor.Error("the range before this has no beginning, no end, or ends below its beginning");
      }
      item = {{item.ranges()[0].first, last.ranges()[0].first}};
    }
    chars.Add(item);
  }
  return TextCursor::ErrorAt(begin, "this class has no closing ]");
}

}  // namespace bitnet

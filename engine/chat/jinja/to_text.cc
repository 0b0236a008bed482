#include "engine/chat/jinja/to_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet::jinja {
namespace {

class Printer {
 public:
  explicit Printer(Budget& budget) : budget_(budget) {}

  Text Take() { return std::move(out_); }

  absl::Status Append(const Value& value, bool quoted) {
    RETURN_IF_ERROR(budget_.Spend(1));
    if (value.text() != nullptr) {
      RETURN_IF_ERROR(budget_.SpendBytes(value.text()->size()));
      quoted ? AppendQuoted(*value.text()) : out_.Append(*value.text());
      return absl::OkStatus();
    }
    if (value.list() != nullptr) {
      return AppendList(*value.list());
    }
    if (value.dict() != nullptr) {
      return AppendDict(*value.dict());
    }
    return AppendScalar(value);
  }

 private:
  void Write(std::string_view bytes) { out_.Append(bytes, Origin::kTemplate); }

  absl::Status AppendScalar(const Value& value) {
    if (value.is_none()) {
      Write("None");
    } else if (value.boolean() != nullptr) {
      Write(*value.boolean() ? "True" : "False");
    } else if (value.integer() != nullptr) {
      Write(absl::StrCat(*value.integer()));
    } else if (value.floating() != nullptr) {
      Write(FloatText(*value.floating()));
    } else if (!value.is_undefined()) {
      return absl::InvalidArgumentError(absl::StrCat("a ", std::string(value.TypeName()), " is no text"));
    }
    return absl::OkStatus();
  }

  absl::Status AppendList(const List& list) {
    Write(list.is_tuple ? "(" : "[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      Write(i > 0 ? ", " : "");
      RETURN_IF_ERROR(Append(list.items[i], true));
    }
    Write(list.is_tuple ? (list.items.size() == 1 ? ",)" : ")") : "]");
    return absl::OkStatus();
  }

  absl::Status AppendDict(const Dict& dict) {
    Write("{");
    for (size_t i = 0; i < dict.items.size(); ++i) {
      Write(i > 0 ? ", " : "");
      RETURN_IF_ERROR(budget_.SpendBytes(dict.items[i].first.size()));
      AppendQuoted(dict.items[i].first);
      Write(": ");
      RETURN_IF_ERROR(Append(dict.items[i].second, true));
    }
    Write("}");
    return absl::OkStatus();
  }

  void AppendQuoted(const Text& text) {
    const std::string& bytes = text.bytes();
    const bool double_quotes = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos;
    const char quote = double_quotes ? '"' : '\'';
    Write(std::string_view(&quote, 1));
    for (size_t at = 0; at < bytes.size();) {
      const size_t length = CharLength(bytes, at);
      const std::string escape = Escape(std::string_view(bytes).substr(at, length), quote);
      escape.empty() ? out_.Append(text.Part(at, at + length)) : out_.Append(escape, text.origin(at));
      at += length;
    }
    Write(std::string_view(&quote, 1));
  }

  // Empty: the character is written as it is.
  static std::string Escape(std::string_view character, char quote) {
    const char32_t code = DecodeUtf8Char(character).code;
    if (character.size() == 1 && (character[0] == quote || character[0] == '\\')) {
      return absl::StrCat("\\", std::string(character));
    }
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    if (code == 0x7F || code == 0xAD || (code >= 0x80 && code <= 0xA0) ||
        (code < 0x20 && character.size() == 1 && static_cast<uint8_t>(character[0]) < 0x20)) {
      return absl::StrFormat("\\x%02x", static_cast<uint32_t>(code));
    }
    return "";
  }

  Budget& budget_;
  Text out_;
};

}  // namespace

// As Python writes it: with as few digits as give the same number back. (Of 2098 powers of two it writes 46
// with one digit fewer, as 2^-24, which lie so that rounding up finds a number that rounding to the nearest
// does not. std::to_chars does, but not on macOS before 13.3.)
std::string FloatText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  int digits = -1;  // After the first.
  std::string scientific;
  double read = 0;
  do {
    scientific = absl::StrFormat("%.*e", ++digits, value);
  } while (absl::SimpleAtod(scientific, &read) && read != value);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (exponent < -4 || exponent >= 16) {
    return scientific;
  }
  return absl::StrFormat("%.*f", std::max(1, digits - exponent), value);
}

absl::StatusOr<Text> ToText(Budget& budget, const Value& value) {
  Printer printer(budget);
  RETURN_IF_ERROR(printer.Append(value, false));
  return printer.Take();
}

}  // namespace bitnet::jinja

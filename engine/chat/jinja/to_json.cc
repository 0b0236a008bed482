#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/to_text.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(Budget& budget, const JsonStyle& style) : budget_(budget), style_(style) {}

  Text Take() { return std::move(out_); }

  absl::Status Append(const Value& value) {
    RETURN_IF_ERROR(budget_.Spend(1));
    if (value.text() != nullptr) {
      return AppendString(*value.text());
    }
    if (value.list() != nullptr) {
      const auto& items = value.list()->items;
      return AppendItems('[', ']', items.size(), [&](size_t i) { return Append(items[i]); });
    }
    if (value.dict() != nullptr) {
      return AppendDict(*value.dict());
    }
    if (value.is_none()) {
      Write("null");
    } else if (value.boolean() != nullptr) {
      Write(*value.boolean() ? "true" : "false");
    } else if (value.integer() != nullptr) {
      Write(absl::StrCat(*value.integer()));
    } else if (value.floating() != nullptr) {
      Write(FloatJson(*value.floating()));
    } else {
      return absl::InvalidArgumentError(absl::StrCat("tojson wants data; ", value.Describe()));
    }
    return absl::OkStatus();
  }

 private:
  void Write(std::string_view bytes) { out_.Append(bytes, Origin::kTemplate); }

  static std::string FloatJson(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return FloatText(value);
  }

  template <typename AppendItem>
  absl::Status AppendItems(char open, char close, size_t count, AppendItem append_item) {
    Write(std::string_view(&open, 1));
    ++depth_;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) {
        RETURN_IF_ERROR(budget_.SpendBytes(style_.item_separator.size()));
        Write(style_.item_separator);
      }
      RETURN_IF_ERROR(NewLine());
      RETURN_IF_ERROR(append_item(i));
    }
    --depth_;
    if (count > 0) {
      RETURN_IF_ERROR(NewLine());
    }
    Write(std::string_view(&close, 1));
    return absl::OkStatus();
  }

  absl::Status AppendDict(const Dict& dict) {
    std::vector<size_t> order(dict.items.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (style_.sort_keys) {
      std::ranges::sort(order, {},
                        [&](size_t i) -> const std::string& { return dict.items[i].first.bytes(); });
    }
    return AppendItems('{', '}', order.size(), [&](size_t i) -> absl::Status {
      const auto& [key, value] = dict.items[order[i]];
      RETURN_IF_ERROR(AppendString(key));
      RETURN_IF_ERROR(budget_.SpendBytes(style_.key_separator.size()));
      Write(style_.key_separator);
      return Append(value);
    });
  }

  absl::Status NewLine() {
    if (!style_.indent.has_value()) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(budget_.SpendBytes(16 + depth_ * style_.indent->size()));
    Write("\n");
    for (size_t i = 0; i < depth_; ++i) {
      Write(*style_.indent);
    }
    return absl::OkStatus();
  }

  absl::Status AppendString(const Text& text) {
    RETURN_IF_ERROR(budget_.SpendBytes(text.size()));
    const std::string& bytes = text.bytes();
    Write("\"");
    for (size_t at = 0; at < bytes.size();) {
      const size_t length = CharLength(bytes, at);
      const std::string escape = Escape(std::string_view(bytes).substr(at, length));
      escape.empty() ? out_.Append(text.Part(at, at + length)) : out_.Append(escape, text.origin(at));
      at += length;
    }
    Write("\"");
    return absl::OkStatus();
  }

  // Empty: the character is written as it is.
  std::string Escape(std::string_view character) const {
    switch (character[0]) {
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      case '\t':
        return "\\t";
      case '\b':
        return "\\b";
      case '\f':
        return "\\f";
      default:
        break;
    }
    const Utf8Char decoded = DecodeUtf8Char(character);
    if (decoded.length == 0 || (decoded.code >= 0x20 && (decoded.code < 0x7F || !style_.ensure_ascii))) {
      return "";
    }
    const auto code = static_cast<uint32_t>(decoded.code);
    if (code == 0x7F) {
      return "";
    }
    if (code < 0x10000) {
      return absl::StrFormat("\\u%04x", code);
    }
    return absl::StrFormat("\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
  }

  Budget& budget_;
  const JsonStyle& style_;
  Text out_;
  size_t depth_ = 0;
};

}  // namespace

absl::StatusOr<Text> ToJson(Budget& budget, const Value& value, const JsonStyle& style) {
  JsonWriter writer(budget, style);
  RETURN_IF_ERROR(writer.Append(value));
  return writer.Take();
}

}  // namespace bitnet::jinja

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/arguments.h"
#include "engine/chat/jinja/filters.h"
#include "engine/chat/jinja/number.h"
#include "engine/chat/jinja/operators.h"
#include "engine/chat/jinja/to_text.h"

namespace bitnet::jinja {
namespace {

// A filter that changes text and has no arguments; other values become text first.
template <Text (*kChange)(const Text&)>
absl::StatusOr<Value> Change(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("the filter", arguments).Finish());
  ASSIGN_OR_RETURN(const Text text, ToText(budget, input));
  return Value::String(kChange(text));
}

Text Same(const Text& text) { return text; }
// The words' other letters become lower.
Text TitleWords(const Text& text) { return ToTitle(text, "-([{< \t\n\r\f\v"); }

Text EscapeHtml(const Text& text) {
  Text result;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text.bytes()[i]) {
      case '&':
        result.Append("&amp;", text.origin(i));
        break;
      case '<':
        result.Append("&lt;", text.origin(i));
        break;
      case '>':
        result.Append("&gt;", text.origin(i));
        break;
      case '\'':
        result.Append("&#39;", text.origin(i));
        break;
      case '"':
        result.Append("&#34;", text.origin(i));
        break;
      default:
        result.Append(text.Part(i, i + 1));
    }
  }
  return result;
}

absl::StatusOr<Value> Trim(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("trim", arguments);
  const Value* chars = reader.Optional("chars");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const Text text, ToText(budget, input));
  if (chars == nullptr || chars->text() == nullptr) {
    return Value::String(Strip(text, {}));
  }
  RETURN_IF_ERROR(budget.SpendStrip(text.size(), chars->text()->size()));
  return Value::String(Strip(text, {}, chars->text()->bytes()));
}

absl::StatusOr<Value> ReplaceText(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("replace", arguments);
  const Text& old_text = reader.String("old");
  const Text& new_text = reader.String("new");
  const Value* count = reader.Optional("count");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const Text text, ToText(budget, input));
  RETURN_IF_ERROR(budget.SpendSearch(text.size(), old_text.size()));
  RETURN_IF_ERROR(budget.Spend(text.size()));
  RETURN_IF_ERROR(
      budget.SpendBytes(text.size() + CountOccurrences(text.bytes(), old_text.bytes()) * new_text.size()));
  const int64_t max_count = count != nullptr ? ToInteger(*count).value_or(-1) : -1;
  return Value::String(Replace(text, old_text.bytes(), new_text, max_count));
}

absl::StatusOr<Value> ToJsonText(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("tojson", arguments);
  const Value* indent = reader.Optional("indent");
  JsonStyle style;
  style.ensure_ascii = reader.Flag("ensure_ascii", false);
  const Value* separators = reader.Optional("separators");
  style.sort_keys = reader.Flag("sort_keys", false);
  RETURN_IF_ERROR(reader.Finish());
  if (indent != nullptr && indent->text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(indent->text()->size()));
    style.indent = indent->text()->bytes();
  } else if (indent != nullptr && ToInteger(*indent).has_value()) {
    const int64_t width = *ToInteger(*indent);
    if (width > 100) {
      return absl::InvalidArgumentError(
          absl::StrCat("tojson: indent is ", width, "; at most 100 was wanted"));
    }
    style.indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  if (style.indent.has_value()) {
    style.item_separator = std::string(",");
  }
  if (separators != nullptr && separators->list() != nullptr) {
    const auto& items = separators->list()->items;
    if (items.size() != 2 || items[0].text() == nullptr || items[1].text() == nullptr) {
      return absl::InvalidArgumentError("tojson: separators are not two strings");
    }
    RETURN_IF_ERROR(budget.SpendBytes(items[0].text()->size() + items[1].text()->size()));
    style.item_separator = items[0].text()->bytes();
    style.key_separator = items[1].text()->bytes();
  }
  ASSIGN_OR_RETURN(Text text, ToJson(budget, input, style));
  return Value::String(std::move(text));
}

absl::StatusOr<Value> Default(Budget&, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("default", arguments);
  const Value* fallback = reader.Optional("default_value");
  const bool if_false = reader.Flag("boolean", false);
  RETURN_IF_ERROR(reader.Finish());
  if (!input.is_undefined() && (input.IsTrue() || !if_false)) {
    return input;
  }
  return fallback != nullptr ? *fallback : Value::String("");
}

absl::StatusOr<Value> Abs(Budget&, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("abs", arguments).Finish());
  const std::optional<Number> number = ToNumber(input);
  if (number.has_value() && number->value >= 0) {
    return input;
  }
  return ApplyUnary("-", input);
}

absl::StatusOr<Value> ToInt(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("int", arguments);
  const int64_t fallback = reader.Integer("default", 0);
  const int64_t base = reader.Integer("base", 10);
  RETURN_IF_ERROR(reader.Finish());
  double number = std::numeric_limits<double>::quiet_NaN();
  if (const std::optional<Number> value = ToNumber(input)) {
    if (value->integer.has_value()) {
      return Value::Int(*value->integer);
    }
    number = value->value;
  } else if (input.text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(input.text()->size()));
    const std::string text = Strip(*input.text(), {}).bytes();
    const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* const end = text.data() + text.size();
    int64_t integer = 0;
    if (base >= 2 && base <= 36) {
      const auto parsed = std::from_chars(begin, end, integer, static_cast<int>(base));
      if (parsed.ec == std::errc() && parsed.ptr == end) {
        return Value::Int(integer);
      }
    }
    if (!absl::SimpleAtod(text, &number)) {
      return Value::Int(fallback);
    }
  }
  // The nearest doubles to the limits of 64 bits.
  if (!(number > -9.2e18 && number < 9.2e18)) {
    return Value::Int(fallback);
  }
  return Value::Int(static_cast<int64_t>(number));
}

absl::StatusOr<Value> ToFloat(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("float", arguments);
  const Value* fallback = reader.Optional("default");
  RETURN_IF_ERROR(reader.Finish());
  double number = 0;
  if (const std::optional<Number> value = ToNumber(input)) {
    return Value::Float(value->value);
  }
  if (input.text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(input.text()->size()));
    if (absl::SimpleAtod(input.text()->bytes(), &number)) {
      return Value::Float(number);
    }
  }
  return fallback != nullptr ? *fallback : Value::Float(0);
}

absl::StatusOr<Value> Round(Budget&, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("round", arguments);
  const int64_t precision = reader.Integer("precision", 0);
  const Text common("common", Origin::kTemplate);
  const std::string& method = reader.String("method", common).bytes();
  RETURN_IF_ERROR(reader.Finish());
  const std::optional<Number> number = ToNumber(input);
  if (!number.has_value() || precision < 0 || precision > 15) {
    return absl::InvalidArgumentError("round wants a number and a precision of 0 to 15");
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = number->value * scale;
  const double rounded = method == "ceil"    ? std::ceil(scaled)
                         : method == "floor" ? std::floor(scaled)
                                             : std::nearbyint(scaled);
  return Value::Float(std::isfinite(scaled) ? rounded / scale : number->value);
}

absl::StatusOr<Value> Format(Budget& budget, const Value& input, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Text format, ToText(budget, input));
  return FormatPercent(budget, format, arguments.positional);
}

// Every line but the first is indented, unless it is empty.
absl::StatusOr<Value> Indent(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("indent", arguments);
  const Value* width = reader.Optional("width");
  const bool first = reader.Flag("first", false);
  const bool blank = reader.Flag("blank", false);
  RETURN_IF_ERROR(reader.Finish());
  Text blanks("    ", Origin::kTemplate);
  if (width != nullptr && width->text() == nullptr) {
    const auto count = static_cast<uint64_t>(std::max<int64_t>(ToInteger(*width).value_or(4), 0));
    RETURN_IF_ERROR(budget.SpendBytes(count));
    blanks = Text(std::string(count, ' '), Origin::kTemplate);
  }
  const Text& indent = width != nullptr && width->text() != nullptr ? *width->text() : blanks;
  ASSIGN_OR_RETURN(const Text text, ToText(budget, input));
  // A line on its own takes some hundred bytes.
  RETURN_IF_ERROR(budget.SpendBytes((CountOccurrences(text.bytes(), "\n") + 1) * (indent.size() + 64)));
  const std::vector<Text> lines = Split(text, "\n", -1, false);
  Text result;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      result.Append("\n", Origin::kTemplate);
    }
    if (i == 0 ? first : (blank || !lines[i].empty())) {
      result.Append(indent);
    }
    result.Append(lines[i]);
  }
  return Value::String(std::move(result));
}

constexpr NamedFilter kFilters[] = {
    {"abs", Abs},
    {"capitalize", Change<Capitalize>},
    {"d", Default},
    {"default", Default},
    {"e", Change<EscapeHtml>},
    {"escape", Change<EscapeHtml>},
    {"float", ToFloat},
    {"format", Format},
    {"indent", Indent},
    {"int", ToInt},
    {"lower", Change<ToLower>},
    {"replace", ReplaceText},
    {"round", Round},
    {"safe", Change<Same>},
    {"string", Change<Same>},
    {"title", Change<TitleWords>},
    {"tojson", ToJsonText},
    {"trim", Trim},
    {"upper", Change<ToUpper>},
};

}  // namespace

std::span<const NamedFilter> ScalarFilters() { return kFilters; }

}  // namespace bitnet::jinja

// SchemaCompiler: values of one type.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/grammar/json_number.h"
#include "engine/grammar/regex.h"
#include "engine/grammar/schema_compiler.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

using Expr = GrammarBuilder::Expr;

// Each may be the next one where all are optional, and a Pushdown is in 1024 places at most.
constexpr size_t kMaxProperties = 512;

std::u32string ToCharacters(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8Char(text);
    characters += next.code;
    text.remove_prefix(std::max<size_t>(next.length, 1));
  }
  return characters;
}

absl::StatusOr<std::optional<double>> Bound(const SchemaJson& schema, const char* keyword,
                                            std::string_view path) {
  const auto at = schema.find(keyword);
  if (at == schema.end()) {
    return std::nullopt;
  }
  if (!at->is_number()) {
    return SchemaError(path, absl::StrFormat("%s is not a number", keyword));
  }
  return at->get<double>();
}

// The stricter of a bound and an exclusive one; `sign` is -1 for upper bounds.
absl::StatusOr<std::optional<NumberBound>> WholeBound(const SchemaJson& schema, const char* inclusive,
                                                      const char* exclusive, int sign,
                                                      std::string_view path) {
  std::optional<NumberBound> bound;
  for (const bool is_exclusive : {false, true}) {
    const char* keyword = is_exclusive ? exclusive : inclusive;
    ASSIGN_OR_RETURN(const std::optional<double> value, Bound(schema, keyword, path));
    if (!value.has_value()) {
      continue;
    }
    if (std::trunc(*value) != *value || std::fabs(*value) > kMaxNumberBound) {
      return SchemaError(path, absl::StrFormat("%s is %g; of numbers, whole ones up to %d can be bounds",
                                               keyword, *value, kMaxNumberBound));
    }
    const auto whole = static_cast<int64_t>(*value);
    if (!bound.has_value() || sign * whole >= sign * bound->value) {
      bound = {whole, is_exclusive};
    }
  }
  return bound;
}

}  // namespace

absl::StatusOr<std::optional<uint32_t>> SchemaCompiler::Count(const SchemaJson& schema, const char* keyword,
                                                              const Path& path) {
  const auto at = schema.find(keyword);
  if (at == schema.end()) {
    return std::nullopt;
  }
  const double value = at->is_number() ? at->get<double>() : -1;
  if (value < 0 || std::trunc(value) != value || value > kMaxRepetitions) {
    return SchemaError(path.text,
                       absl::StrFormat("%s is not a whole number from 0 to %d", keyword, kMaxRepetitions));
  }
  return static_cast<uint32_t>(value);
}

absl::StatusOr<std::vector<SchemaCompiler::Property>> SchemaCompiler::Properties(const SchemaJson& schema,
                                                                                 const Path& path) {
  std::vector<Property> properties;
  const auto add = [&](const std::string& name, Expr value) {
    const Expr key = builder_.Literal(SchemaJson(name).dump());
    properties.push_back({name, json_.Member(key, value), false});
  };
  if (const auto declared = schema.find("properties"); declared != schema.end()) {
    if (!declared->is_object()) {
      return SchemaError(path.text, "properties is not an object");
    }
    for (const auto& [name, property] : declared->items()) {
      ASSIGN_OR_RETURN(const Expr value, Schema(property, path / "properties" / name));
      add(name, value);
    }
  }
  const auto required = schema.find("required");
  if (required != schema.end() && !required->is_array()) {
    return SchemaError(path.text, "required is not a list of names");
  }
  for (const SchemaJson& name : required == schema.end() ? SchemaJson::array() : *required) {
    if (!name.is_string()) {
      return SchemaError(path.text, "required is not a list of names");
    }
    auto at = std::ranges::find(properties, name.get_ref<const std::string&>(), &Property::name);
    if (at == properties.end()) {
      const auto additional = schema.find("additionalProperties");
      ASSIGN_OR_RETURN(const Expr value, Schema(additional == schema.end() ? SchemaJson(true) : *additional,
                                                path / "additionalProperties"));
      add(name, value);
      at = properties.end() - 1;
    }
    at->required = true;
  }
  if (properties.size() > kMaxProperties) {
    return SchemaError(path.text, absl::StrFormat("%d properties are possible", kMaxProperties));
  }
  return properties;
}

absl::StatusOr<Expr> SchemaCompiler::AdditionalMember(const SchemaJson& schema,
                                                      const std::vector<Property>& properties,
                                                      const Path& path) {
  const auto additional = schema.find("additionalProperties");
  if (additional == schema.end() && schema.contains("properties")) {
    return builder_.Nothing();
  }
  ASSIGN_OR_RETURN(const Expr value, Schema(additional == schema.end() ? SchemaJson(true) : *additional,
                                            path / "additionalProperties"));
  if (value == builder_.Nothing() || properties.empty()) {
    return json_.Member(json_.String(), value);
  }
  std::vector<std::u32string> names;
  for (const Property& property : properties) {
    names.push_back(ToCharacters(property.name));
  }
  return json_.Member(json_.StringExcept(std::move(names)), value);
}

absl::StatusOr<Expr> SchemaCompiler::Object(const SchemaJson& schema, const Path& path) {
  ASSIGN_OR_RETURN(const std::vector<Property> properties, Properties(schema, path));
  ASSIGN_OR_RETURN(const Expr additional, AdditionalMember(schema, properties, path));
  // From the last member to the first: `rest` is what may follow when there was a member before, `first` what
  // may come when there was none, though at least one of its own.
  const Expr more = builder_.Repeat(json_.AfterComma(additional), 0, std::nullopt);
  Expr rest = more;
  Expr first = builder_.Sequence({additional, more});
  bool may_be_empty = true;
  for (auto property = properties.rbegin(); property != properties.rend(); ++property) {
    const Rule rule = builder_.AddRule("the rest of an object");
    builder_.Define(rule, rest);
    const Expr with = builder_.Sequence({json_.AfterComma(property->member), builder_.Call(rule)});
    const Expr with_first = builder_.Sequence({property->member, builder_.Call(rule)});
    rest = property->required ? with : builder_.Choice({with, builder_.Call(rule)});
    first = property->required ? with_first : builder_.Choice({with_first, first});
    may_be_empty = may_be_empty && !property->required;
  }
  return builder_.Choice(
      {may_be_empty ? builder_.Literal("{}") : builder_.Nothing(), json_.Enclosed('{', first, '}')});
}

absl::StatusOr<Expr> SchemaCompiler::Array(const SchemaJson& schema, const Path& path) {
  ASSIGN_OR_RETURN(const std::optional<uint32_t> min_items, Count(schema, "minItems", path));
  ASSIGN_OR_RETURN(const std::optional<uint32_t> max_items, Count(schema, "maxItems", path));
  if (schema.contains("uniqueItems") && schema["uniqueItems"] != false) {
    return SchemaError(path.text, "uniqueItems is not possible");
  }
  const uint32_t min = min_items.value_or(0);
  std::vector<Expr> prefix;
  if (const auto items = schema.find("prefixItems"); items != schema.end()) {
    if (!items->is_array()) {
      return SchemaError(path.text, "prefixItems is not a list of schemas");
    }
    for (size_t i = 0; i < items->size(); ++i) {
      ASSIGN_OR_RETURN(const Expr item, Schema((*items)[i], path / "prefixItems" / absl::StrCat(i)));
      prefix.push_back(item);
    }
  }
  const auto items = schema.find("items");
  // What is not spoken of is left away, unless it has to be.
  const bool leave_away = items == schema.end() && !prefix.empty() && min <= prefix.size();
  ASSIGN_OR_RETURN(const Expr item,
                   Schema(items == schema.end() ? SchemaJson(!leave_away) : *items, path / "items"));
  // What may follow, from the back: `rest` after so many items.
  const auto after = [&](size_t n) { return static_cast<uint32_t>(std::max(n, size_t{1})); };
  const uint32_t listed = after(prefix.size());
  if (max_items.has_value() && *max_items < min) {
    return builder_.Nothing();
  }
  Expr rest = builder_.Empty();
  if (!max_items.has_value() || *max_items > listed) {
    rest =
        builder_.Repeat(json_.AfterComma(item), min > listed ? min - listed : 0,
                        max_items.has_value() ? std::optional<uint32_t>(*max_items - listed) : std::nullopt);
  } else if (min > listed) {
    rest = builder_.Nothing();
  }
  for (size_t n = prefix.size(); n-- > 1;) {
    const Expr with = builder_.Sequence({json_.AfterComma(prefix[n]), rest});
    const bool may_end = n >= min;
    const bool may_go_on = !max_items.has_value() || n < *max_items;
    rest = builder_.Choice(
        {may_end ? builder_.Empty() : builder_.Nothing(), may_go_on ? with : builder_.Nothing()});
  }
  const Expr first = prefix.empty() ? item : prefix[0];
  const bool may_have_items = !max_items.has_value() || *max_items > 0;
  return builder_.Choice(
      {min == 0 ? builder_.Literal("[]") : builder_.Nothing(),
       may_have_items ? json_.Enclosed('[', builder_.Sequence({first, rest}), ']') : builder_.Nothing()});
}

absl::StatusOr<Expr> SchemaCompiler::String(const SchemaJson& schema, const Path& path) {
  ASSIGN_OR_RETURN(const std::optional<uint32_t> min, Count(schema, "minLength", path));
  ASSIGN_OR_RETURN(const std::optional<uint32_t> max, Count(schema, "maxLength", path));
  const auto pattern = schema.find("pattern");
  if (pattern == schema.end()) {
    return json_.String(min.value_or(0), max);
  }
  if (!pattern->is_string()) {
    return SchemaError(path.text, "pattern is not a string");
  }
  if (min.has_value() || max.has_value()) {
    return SchemaError(path.text, absl::StrFormat("pattern and %s cannot be combined",
                                                  min.has_value() ? "minLength" : "maxLength"));
  }
  const auto expr = ParseRegex(
      pattern->get_ref<const std::string&>(), /*whole=*/false,
      [&](const CodePoints& chars) { return json_.StringChars(chars); }, builder_);
  if (!expr.ok()) {
    return SchemaError(path.text, absl::StrCat("pattern: ", expr.status().message()));
  }
  const Expr quote = builder_.Literal("\"");
  return builder_.Sequence({quote, *expr, quote});
}

absl::StatusOr<Expr> SchemaCompiler::Number(const SchemaJson& schema, const Path& path) {
  ASSIGN_OR_RETURN(const std::optional<NumberBound> min,
                   WholeBound(schema, "minimum", "exclusiveMinimum", 1, path.text));
  ASSIGN_OR_RETURN(const std::optional<NumberBound> max,
                   WholeBound(schema, "maximum", "exclusiveMaximum", -1, path.text));
  return min.has_value() || max.has_value() ? NumbersBetween(min, max, builder_) : json_.Number();
}

absl::StatusOr<Expr> SchemaCompiler::Integer(const SchemaJson& schema, const Path& path) {
  constexpr auto kMost = static_cast<double>(kMaxJsonInteger);
  int64_t min = -kMaxJsonInteger;
  int64_t max = kMaxJsonInteger;
  bool bounded = false;
  for (const char* keyword : {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}) {
    ASSIGN_OR_RETURN(const std::optional<double> bound, Bound(schema, keyword, path.text));
    if (!bound.has_value()) {
      continue;
    }
    bounded = true;
    const bool is_min = std::string_view(keyword).ends_with("inimum");
    const bool is_exclusive = std::string_view(keyword).starts_with("exclusive");
    if (std::fabs(*bound) >= kMost) {
      // Beyond all that is generated: no bound, or nothing is left.
      if ((*bound > 0) == is_min) {
        return builder_.Nothing();
      }
      continue;
    }
    const SchemaJson& value = schema[keyword];
    const bool exact = value.is_number_integer();
    int64_t whole =
        exact ? value.get<int64_t>() : static_cast<int64_t>(is_min ? std::ceil(*bound) : std::floor(*bound));
    if (is_exclusive && (exact || static_cast<double>(whole) == *bound)) {
      whole += is_min ? 1 : -1;
    }
    (is_min ? min : max) = is_min ? std::max(min, whole) : std::min(max, whole);
  }
  return bounded ? IntegersBetween(min, max, builder_) : json_.Integer();
}

}  // namespace bitnet

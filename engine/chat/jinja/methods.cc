// Methods of strings, mappings and lists, as Python has them.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/arguments.h"
#include "engine/chat/jinja/filters.h"
#include "engine/chat/jinja/lookup.h"
#include "engine/chat/jinja/operators.h"
#include "engine/chat/jinja/to_text.h"

namespace bitnet::jinja {
namespace {

using Method = absl::StatusOr<Value> (*)(Budget&, const Value& self, const Arguments&);

absl::StatusOr<Value> StripWith(StripEnds ends, Budget& budget, const Value& self,
                                const Arguments& arguments) {
  ArgumentReader reader("strip", arguments);
  const Value* chars = reader.Optional("chars");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  if (chars == nullptr || chars->is_none()) {
    return Value::String(Strip(*self.text(), ends));
  }
  if (chars->text() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("strip wants a string; ", chars->Describe()));
  }
  RETURN_IF_ERROR(budget.SpendStrip(self.text()->size(), chars->text()->size()));
  return Value::String(Strip(*self.text(), ends, chars->text()->bytes()));
}

absl::StatusOr<Value> StrStrip(Budget& budget, const Value& self, const Arguments& arguments) {
  return StripWith({}, budget, self, arguments);
}
absl::StatusOr<Value> StrLstrip(Budget& budget, const Value& self, const Arguments& arguments) {
  return StripWith({.left = true, .right = false}, budget, self, arguments);
}
absl::StatusOr<Value> StrRstrip(Budget& budget, const Value& self, const Arguments& arguments) {
  return StripWith({.left = false, .right = true}, budget, self, arguments);
}

absl::StatusOr<Value> MakeTextList(Budget& budget, std::vector<Text> texts) {
  RETURN_IF_ERROR(budget.Spend(8 * texts.size()));
  std::vector<Value> items;
  for (Text& text : texts) {
    items.push_back(Value::String(std::move(text)));
  }
  return Value::MakeList(std::move(items));
}

absl::StatusOr<Value> SplitWith(bool from_right, Budget& budget, const Value& self,
                                const Arguments& arguments) {
  ArgumentReader reader("split", arguments);
  const Value* separator = reader.Optional("sep");
  const int64_t max_cuts = reader.Integer("maxsplit", -1);
  RETURN_IF_ERROR(reader.Finish());
  std::optional<std::string_view> between;
  if (separator != nullptr && !separator->is_none()) {
    if (separator->text() == nullptr || separator->text()->empty()) {
      return absl::InvalidArgumentError("split wants a separator that is a string and not empty");
    }
    between = separator->text()->bytes();
  }
  RETURN_IF_ERROR(budget.SpendSearch(self.text()->size(), between.value_or("").size()));
  RETURN_IF_ERROR(budget.Spend(self.text()->size() / 2));
  return MakeTextList(budget, Split(*self.text(), between, max_cuts, from_right));
}

absl::StatusOr<Value> StrSplit(Budget& budget, const Value& self, const Arguments& arguments) {
  return SplitWith(false, budget, self, arguments);
}
absl::StatusOr<Value> StrRsplit(Budget& budget, const Value& self, const Arguments& arguments) {
  return SplitWith(true, budget, self, arguments);
}

absl::StatusOr<Value> StrSplitlines(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("splitlines", arguments);
  const bool keep_ends = reader.Flag("keepends", false);
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.Spend(self.text()->size() / 2));
  return MakeTextList(budget, SplitLines(*self.text(), keep_ends));
}

// Whether `matches` one string, or one of several in a tuple or list.
template <typename Matches>
absl::StatusOr<Value> AnyAffix(std::string_view function, Budget& budget, const Arguments& arguments,
                               Matches matches) {
  ArgumentReader reader(function, arguments);
  const Value* affix = reader.Required(function);
  RETURN_IF_ERROR(reader.Finish());
  if (affix->text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(affix->text()->size()));
    return Value::Bool(matches(affix->text()->bytes()));
  }
  if (affix->list() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(function), " wants a string; ", affix->Describe()));
  }
  for (const Value& item : affix->list()->items) {
    RETURN_IF_ERROR(budget.Spend(1));
    if (item.text() != nullptr) {
      RETURN_IF_ERROR(budget.SpendBytes(item.text()->size()));
      if (matches(item.text()->bytes())) {
        return Value::Bool(true);
      }
    }
  }
  return Value::Bool(false);
}

absl::StatusOr<Value> StrStartswith(Budget& budget, const Value& self, const Arguments& arguments) {
  return AnyAffix("startswith", budget, arguments,
                  [&](const std::string& prefix) { return self.text()->bytes().starts_with(prefix); });
}
absl::StatusOr<Value> StrEndswith(Budget& budget, const Value& self, const Arguments& arguments) {
  return AnyAffix("endswith", budget, arguments,
                  [&](const std::string& suffix) { return self.text()->bytes().ends_with(suffix); });
}

absl::StatusOr<Value> StrRemoveprefix(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("removeprefix", arguments);
  const Text& prefix = reader.String("prefix");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  const Text& text = *self.text();
  return text.bytes().starts_with(prefix.bytes()) ? Value::String(text.Part(prefix.size())) : self;
}
absl::StatusOr<Value> StrRemovesuffix(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("removesuffix", arguments);
  const Text& suffix = reader.String("suffix");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  const Text& text = *self.text();
  return text.bytes().ends_with(suffix.bytes()) ? Value::String(text.Part(0, text.size() - suffix.size()))
                                                : self;
}

absl::StatusOr<Value> StrTitle(Budget& budget, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("title", arguments).Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  return Value::String(ToTitle(*self.text(), ""));
}

absl::StatusOr<Value> StrFind(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("find", arguments);
  const Text& found = reader.String("sub");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendSearch(self.text()->size(), found.size()));
  const std::string& bytes = self.text()->bytes();
  const size_t at = bytes.find(found.bytes());
  return Value::Int(at == std::string::npos ? -1 : static_cast<int64_t>(CountChars(bytes.substr(0, at))));
}

absl::StatusOr<Value> StrRfind(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("rfind", arguments);
  const Text& found = reader.String("sub");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendSearch(self.text()->size(), found.size()));
  const std::string& bytes = self.text()->bytes();
  const size_t at = bytes.rfind(found.bytes());
  return Value::Int(at == std::string::npos ? -1 : static_cast<int64_t>(CountChars(bytes.substr(0, at))));
}

absl::StatusOr<Value> StrCount(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("count", arguments);
  const Text& found = reader.String("sub");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(budget.SpendSearch(self.text()->size(), found.size()));
  RETURN_IF_ERROR(budget.Spend(self.text()->size()));
  return Value::Int(static_cast<int64_t>(CountOccurrences(self.text()->bytes(), found.bytes())));
}

absl::StatusOr<Value> StrJoin(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("join", arguments);
  const Value* items = reader.Required("iterable");
  RETURN_IF_ERROR(reader.Finish());
  return ApplyFilter(budget, "join", *items, {.positional = {self}, .named = {}});
}

// '{} {name} {0}'.format(...): no more than names and positions.
absl::StatusOr<Value> StrFormat(Budget& budget, const Value& self, const Arguments& arguments) {
  const Text& format = *self.text();
  const std::string& bytes = format.bytes();
  RETURN_IF_ERROR(budget.SpendBytes(bytes.size()));
  Text result;
  size_t next = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
    result.Append(format.Part(at, brace));
    if (brace == bytes.size()) {
      break;
    }
    if (bytes.compare(brace, 2, "{{") == 0 || bytes.compare(brace, 2, "}}") == 0) {
      result.Append(format.Part(brace, brace + 1));
      at = brace + 2;
      continue;
    }
    const size_t end = bytes.find('}', brace);
    const std::string name = bytes.substr(brace + 1, end == std::string::npos ? 0 : end - brace - 1);
    RETURN_IF_ERROR(budget.SpendLookup(arguments.named.size(), name.size()));
    const bool is_position = std::ranges::all_of(name, absl::ascii_isdigit) && name.size() < 5;
    const size_t position = !is_position ? 0 : name.empty() ? next++ : static_cast<size_t>(std::stoi(name));
    const auto named = std::ranges::find(arguments.named, name,
                                         [](const auto& item) -> const std::string& { return item.first; });
    if (bytes[brace] == '}' || end == std::string::npos ||
        (is_position ? position >= arguments.positional.size() : named == arguments.named.end())) {
      return absl::InvalidArgumentError(absl::StrCat("format has no value for '{", name, "}'"));
    }
    ASSIGN_OR_RETURN(const Text text,
                     ToText(budget, is_position ? arguments.positional[position] : named->second));
    result.Append(text);
    at = end + 1;
  }
  return Value::String(std::move(result));
}

// Whether there is a character and all are of a kind; only ASCII ones count.
template <typename IsKind>
absl::StatusOr<Value> AllAre(Budget& budget, const Value& self, const Arguments& arguments, IsKind is_kind) {
  RETURN_IF_ERROR(ArgumentReader("the method", arguments).Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  const std::string& bytes = self.text()->bytes();
  return Value::Bool(!bytes.empty() && std::ranges::all_of(bytes, is_kind));
}
absl::StatusOr<Value> StrIsdigit(Budget& budget, const Value& self, const Arguments& arguments) {
  return AllAre(budget, self, arguments, absl::ascii_isdigit);
}
absl::StatusOr<Value> StrIsalpha(Budget& budget, const Value& self, const Arguments& arguments) {
  return AllAre(budget, self, arguments, absl::ascii_isalpha);
}
absl::StatusOr<Value> StrIsalnum(Budget& budget, const Value& self, const Arguments& arguments) {
  return AllAre(budget, self, arguments, absl::ascii_isalnum);
}
absl::StatusOr<Value> StrIsspace(Budget& budget, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("isspace", arguments).Finish());
  RETURN_IF_ERROR(budget.SpendBytes(self.text()->size()));
  return Value::Bool(!self.text()->empty() && Strip(*self.text(), {}).empty());
}

// Methods that are filters too.
template <const char* const& kName>
absl::StatusOr<Value> AsFilter(Budget& budget, const Value& self, const Arguments& arguments) {
  return ApplyFilter(budget, kName, self, arguments);
}
constexpr const char* kUpper = "upper";
constexpr const char* kLower = "lower";
constexpr const char* kCapitalize = "capitalize";
constexpr const char* kReplace = "replace";
constexpr const char* kItems = "items";

absl::StatusOr<Value> DictKeys(Budget& budget, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("keys", arguments).Finish());
  ASSIGN_OR_RETURN(std::vector<Value> keys, ItemsOf(budget, self));
  return Value::MakeList(std::move(keys));
}

absl::StatusOr<Value> DictValues(Budget& budget, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("values", arguments).Finish());
  RETURN_IF_ERROR(budget.Spend(self.dict()->items.size()));
  std::vector<Value> values;
  for (const auto& [key, value] : self.dict()->items) {
    values.push_back(value);
  }
  return Value::MakeList(std::move(values));
}

absl::StatusOr<Value> DictGet(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("get", arguments);
  const Value* key = reader.Required("key");
  const Value* fallback = reader.Optional("default");
  RETURN_IF_ERROR(reader.Finish());
  const Value* value = nullptr;
  if (key->text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendLookup(self.dict()->items.size(), key->text()->size()));
    value = self.dict()->Find(key->text()->bytes());
  }
  return value != nullptr ? *value : fallback != nullptr ? *fallback : Value::None();
}

absl::StatusOr<Value> ListCount(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("count", arguments);
  const Value* wanted = reader.Required("value");
  RETURN_IF_ERROR(reader.Finish());
  int64_t count = 0;
  for (const Value& item : self.list()->items) {
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, item, *wanted));
    count += equal ? 1 : 0;
  }
  return Value::Int(count);
}

absl::StatusOr<Value> ListIndex(Budget& budget, const Value& self, const Arguments& arguments) {
  ArgumentReader reader("index", arguments);
  const Value* wanted = reader.Required("value");
  RETURN_IF_ERROR(reader.Finish());
  const auto& items = self.list()->items;
  for (size_t i = 0; i < items.size(); ++i) {
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, items[i], *wanted));
    if (equal) {
      return Value::Int(static_cast<int64_t>(i));
    }
  }
  return absl::InvalidArgumentError("index: the list has no such item");
}

struct NamedMethod {
  std::string_view name;
  Method method;
};

constexpr NamedMethod kStringMethods[] = {
    {"strip", StrStrip},
    {"lstrip", StrLstrip},
    {"rstrip", StrRstrip},
    {"split", StrSplit},
    {"rsplit", StrRsplit},
    {"splitlines", StrSplitlines},
    {"startswith", StrStartswith},
    {"endswith", StrEndswith},
    {"removeprefix", StrRemoveprefix},
    {"removesuffix", StrRemovesuffix},
    {"upper", AsFilter<kUpper>},
    {"lower", AsFilter<kLower>},
    {"capitalize", AsFilter<kCapitalize>},
    {"title", StrTitle},
    {"replace", AsFilter<kReplace>},
    {"find", StrFind},
    {"rfind", StrRfind},
    {"count", StrCount},
    {"join", StrJoin},
    {"format", StrFormat},
    {"isdigit", StrIsdigit},
    {"isalpha", StrIsalpha},
    {"isalnum", StrIsalnum},
    {"isspace", StrIsspace},
};
constexpr NamedMethod kDictMethods[] = {
    {"items", AsFilter<kItems>}, {"keys", DictKeys}, {"values", DictValues}, {"get", DictGet}};
constexpr NamedMethod kListMethods[] = {{"count", ListCount}, {"index", ListIndex}};

std::span<const NamedMethod> MethodsOf(const Value& object) {
  if (object.text() != nullptr) return kStringMethods;
  if (object.dict() != nullptr) return kDictMethods;
  if (object.list() != nullptr) return kListMethods;
  return {};
}

}  // namespace

std::optional<Function> FindMethod(const Value& object, std::string_view name) {
  const std::span<const NamedMethod> methods = MethodsOf(object);
  const auto it = std::ranges::find(methods, name, &NamedMethod::name);
  if (it == methods.end()) {
    return std::nullopt;
  }
  return Function{std::string(name),
                  [object, method = it->method](Budget& budget, const Arguments& arguments) {
                    return method(budget, object, arguments);
                  }};
}

}  // namespace bitnet::jinja

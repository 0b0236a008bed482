#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/arguments.h"
#include "engine/chat/jinja/filters.h"
#include "engine/chat/jinja/lookup.h"
#include "engine/chat/jinja/number.h"
#include "engine/chat/jinja/operators.h"
#include "engine/chat/jinja/tests.h"
#include "engine/chat/jinja/to_text.h"

namespace bitnet::jinja {
namespace {

// What is at "a.b.0" in `value`.
absl::StatusOr<Value> AtPath(Budget& budget, Value value, const Value& path) {
  if (path.text() == nullptr) {
    return GetItem(budget, value, path);
  }
  for (const absl::string_view part : absl::StrSplit(path.text()->bytes(), '.')) {
    RETURN_IF_ERROR(budget.Spend(1));
    RETURN_IF_ERROR(budget.SpendBytes(part.size()));
    int64_t index = 0;
    const bool is_index = absl::SimpleAtoi(part, &index);
    ASSIGN_OR_RETURN(value,
                     GetItem(budget, value, is_index ? Value::Int(index) : Value::String(std::string(part))));
  }
  return value;
}

absl::StatusOr<Value> Length(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("length", arguments).Finish());
  size_t length = 0;
  if (input.text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(input.text()->size()));
    length = CountChars(input.text()->bytes());
  } else if (input.list() != nullptr) {
    length = input.list()->items.size();
  } else if (input.dict() != nullptr) {
    length = input.dict()->items.size();
  } else if (!input.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat("length wants a string, list or mapping; ", input.Describe()));
  }
  return Value::Int(static_cast<int64_t>(length));
}

absl::StatusOr<Value> First(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("first", arguments).Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  return items.empty() ? Value::MakeUndefined("first item") : items.front();
}

absl::StatusOr<Value> Last(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("last", arguments).Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  return items.empty() ? Value::MakeUndefined("last item") : items.back();
}

absl::StatusOr<Value> MakeListOf(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("list", arguments).Finish());
  ASSIGN_OR_RETURN(std::vector<Value> items, ItemsOf(budget, input));
  return Value::MakeList(std::move(items));
}

absl::StatusOr<Value> Reverse(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("reverse", arguments).Finish());
  if (input.text() != nullptr) {
    const Value step = Value::Int(-1);
    return GetSlice(budget, input, nullptr, nullptr, &step);
  }
  ASSIGN_OR_RETURN(std::vector<Value> items, ItemsOf(budget, input));
  std::ranges::reverse(items);
  return Value::MakeList(std::move(items));
}

absl::StatusOr<Value> Items(Budget& budget, const Value& input, const Arguments& arguments) {
  RETURN_IF_ERROR(ArgumentReader("items", arguments).Finish());
  std::vector<Value> pairs;
  if (input.is_undefined()) {
    return Value::MakeList(std::move(pairs));
  }
  if (input.dict() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("items wants a mapping; ", input.Describe()));
  }
  for (const auto& [key, value] : input.dict()->items) {
    RETURN_IF_ERROR(budget.Spend(8));
    RETURN_IF_ERROR(budget.SpendBytes(key.size()));
    ASSIGN_OR_RETURN(Value pair, Value::MakeList({Value::String(key), value}, /*is_tuple=*/true));
    pairs.push_back(std::move(pair));
  }
  return Value::MakeList(std::move(pairs));
}

absl::StatusOr<Value> Join(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("join", arguments);
  const Text none;
  const Text& separator = reader.String("d", none);
  const Value* attribute = reader.Optional("attribute");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  Text result;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      RETURN_IF_ERROR(budget.SpendBytes(separator.size()));
      result.Append(separator);
    }
    Value item = items[i];
    if (attribute != nullptr) {
      ASSIGN_OR_RETURN(item, AtPath(budget, item, *attribute));
    }
    ASSIGN_OR_RETURN(const Text text, ToText(budget, item));
    result.Append(text);
  }
  return Value::String(std::move(result));
}

// As they are to be compared: strings without regard to case unless asked.
absl::StatusOr<Value> SortKey(Budget& budget, const Value& value, bool case_sensitive) {
  if (value.text() == nullptr || case_sensitive) {
    return value;
  }
  RETURN_IF_ERROR(budget.SpendBytes(value.text()->size()));
  return Value::String(ToLower(*value.text()));
}

// Sorts `items` by `keys`; equal ones keep their order.
absl::StatusOr<std::vector<Value>> SortBy(Budget& budget, const std::vector<Value>& items,
                                          const std::vector<Value>& keys, bool reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  absl::Status status;
  // Merge sort asks only whether the later goes first, and stops soon after a mistake.
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    if (!status.ok()) {
      return false;
    }
    const absl::StatusOr<std::partial_ordering> compared = Compare(budget, keys[a], keys[b]);
    if (!compared.ok()) {
      status = compared.status();
      return false;
    }
    return reverse ? *compared > 0 : *compared < 0;
  });
  RETURN_IF_ERROR(status);
  std::vector<Value> sorted;
  for (const size_t i : order) {
    sorted.push_back(items[i]);
  }
  return sorted;
}

absl::StatusOr<Value> Sort(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("sort", arguments);
  const bool reverse = reader.Flag("reverse", false);
  const bool case_sensitive = reader.Flag("case_sensitive", false);
  const Value* attribute = reader.Optional("attribute");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  std::vector<Value> keys;
  for (const Value& item : items) {
    Value key = item;
    if (attribute != nullptr && !attribute->is_none()) {
      ASSIGN_OR_RETURN(key, AtPath(budget, item, *attribute));
    }
    ASSIGN_OR_RETURN(key, SortKey(budget, key, case_sensitive));
    keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(std::vector<Value> sorted, SortBy(budget, items, keys, reverse));
  return Value::MakeList(std::move(sorted));
}

absl::StatusOr<Value> DictSort(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("dictsort", arguments);
  const bool case_sensitive = reader.Flag("case_sensitive", false);
  const Text key_text("key", Origin::kTemplate);
  const bool by_value = reader.String("by", key_text).bytes() == "value";
  const bool reverse = reader.Flag("reverse", false);
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const Value pairs, Items(budget, input, {}));
  std::vector<Value> keys;
  for (const Value& pair : pairs.list()->items) {
    ASSIGN_OR_RETURN(Value key, SortKey(budget, pair.list()->items[by_value ? 1 : 0], case_sensitive));
    keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(std::vector<Value> sorted, SortBy(budget, pairs.list()->items, keys, reverse));
  return Value::MakeList(std::move(sorted));
}

absl::StatusOr<Value> Unique(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("unique", arguments);
  const bool case_sensitive = reader.Flag("case_sensitive", false);
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  std::vector<Value> unique;
  std::vector<Value> keys;
  for (const Value& item : items) {
    ASSIGN_OR_RETURN(Value key, SortKey(budget, item, case_sensitive));
    bool is_new = true;
    for (size_t i = 0; i < keys.size() && is_new; ++i) {
      ASSIGN_OR_RETURN(const bool equal, Equal(budget, keys[i], key));
      is_new = !equal;
    }
    if (is_new) {
      keys.push_back(std::move(key));
      unique.push_back(item);
    }
  }
  return Value::MakeList(std::move(unique));
}

// The least (or, with `sign` -1, the greatest) item.
template <int kSign>
absl::StatusOr<Value> Extreme(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("min", arguments);
  const bool case_sensitive = reader.Flag("case_sensitive", false);
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  Value best = Value::MakeUndefined("least or greatest item");
  Value best_key;
  for (size_t i = 0; i < items.size(); ++i) {
    ASSIGN_OR_RETURN(Value key, SortKey(budget, items[i], case_sensitive));
    if (i > 0) {
      ASSIGN_OR_RETURN(const std::partial_ordering order, Compare(budget, key, best_key));
      if (kSign > 0 ? order >= 0 : order <= 0) {
        continue;
      }
    }
    best = items[i];
    best_key = std::move(key);
  }
  return best;
}

absl::StatusOr<Value> Sum(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("sum", arguments);
  const Value* attribute = reader.Optional("attribute");
  const Value* start = reader.Optional("start");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  Value sum = start != nullptr ? *start : Value::Int(0);
  for (const Value& item : items) {
    Value term = item;
    if (attribute != nullptr && !attribute->is_none()) {
      ASSIGN_OR_RETURN(term, AtPath(budget, item, *attribute));
    }
    ASSIGN_OR_RETURN(sum, ApplyBinary(budget, "+", sum, term));
  }
  return sum;
}

// map(attribute='a', default=...), or map('filter', its arguments).
absl::StatusOr<Value> Map(Budget& budget, const Value& input, const Arguments& arguments) {
  std::optional<Value> attribute;
  Value fallback;
  Arguments rest;
  std::string filter;
  if (arguments.positional.empty()) {
    ArgumentReader reader("map", arguments);
    const Value* path = reader.Required("attribute");
    const Value* other = reader.Optional("default");
    RETURN_IF_ERROR(reader.Finish());
    attribute = *path;
    fallback = other != nullptr ? *other : Value();
  } else {
    if (arguments.positional[0].text() == nullptr) {
      return absl::InvalidArgumentError("map wants a filter's name");
    }
    filter = arguments.positional[0].text()->bytes();
    rest = {{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
  }
  ASSIGN_OR_RETURN(std::vector<Value> items, ItemsOf(budget, input));
  const Budget::Level level(budget);  // map('map', 'map', ...)
  RETURN_IF_ERROR(level.status());
  for (Value& item : items) {
    if (attribute.has_value()) {
      ASSIGN_OR_RETURN(Value found, AtPath(budget, item, *attribute));
      item = found.is_undefined() ? fallback : std::move(found);
    } else {
      ASSIGN_OR_RETURN(item, ApplyFilter(budget, filter, item, rest));
    }
  }
  return Value::MakeList(std::move(items));
}

// The items (or, with an attribute, those whose attribute) that pass a test if `kWanted`, or fail it. Without
// a test, those that are true.
template <bool kWanted, bool kWithAttribute>
absl::StatusOr<Value> Choose(Budget& budget, const Value& input, const Arguments& arguments) {
  const size_t skipped = kWithAttribute ? 1 : 0;
  if (arguments.positional.size() < skipped) {
    return absl::InvalidArgumentError("selectattr and rejectattr want an attribute");
  }
  Arguments rest;
  std::string test;
  if (arguments.positional.size() > skipped) {
    if (arguments.positional[skipped].text() == nullptr) {
      return absl::InvalidArgumentError("select and reject want a test's name");
    }
    test = arguments.positional[skipped].text()->bytes();
    rest = {{arguments.positional.begin() + skipped + 1, arguments.positional.end()}, arguments.named};
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget, input));
  std::vector<Value> chosen;
  for (const Value& item : items) {
    Value tested = item;
    if (kWithAttribute) {
      ASSIGN_OR_RETURN(tested, AtPath(budget, item, arguments.positional[0]));
    }
    bool passes = tested.IsTrue();
    if (!test.empty()) {
      ASSIGN_OR_RETURN(passes, ApplyTest(budget, test, tested, rest));
    }
    if (passes == kWanted) {
      chosen.push_back(item);
    }
  }
  return Value::MakeList(std::move(chosen));
}

absl::StatusOr<Value> Attr(Budget& budget, const Value& input, const Arguments& arguments) {
  ArgumentReader reader("attr", arguments);
  const Text& name = reader.String("name");
  RETURN_IF_ERROR(reader.Finish());
  return GetAttribute(budget, input, name.bytes());
}

constexpr NamedFilter kFilters[] = {
    {"attr", Attr},
    {"count", Length},
    {"dictsort", DictSort},
    {"first", First},
    {"items", Items},
    {"join", Join},
    {"last", Last},
    {"length", Length},
    {"list", MakeListOf},
    {"map", Map},
    {"max", Extreme<-1>},
    {"min", Extreme<1>},
    {"reject", Choose<false, false>},
    {"rejectattr", Choose<false, true>},
    {"reverse", Reverse},
    {"select", Choose<true, false>},
    {"selectattr", Choose<true, true>},
    {"sort", Sort},
    {"sum", Sum},
    {"unique", Unique},
};

}  // namespace

std::span<const NamedFilter> SequenceFilters() { return kFilters; }

}  // namespace bitnet::jinja

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/number.h"
#include "engine/chat/jinja/operators.h"

namespace bitnet::jinja {
namespace {

absl::StatusOr<bool> EqualLists(Budget& budget, const List& left, const List& right) {
  if (left.items.size() != right.items.size() || left.is_tuple != right.is_tuple) {
    return false;
  }
  for (size_t i = 0; i < left.items.size(); ++i) {
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, left.items[i], right.items[i]));
    if (!equal) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<bool> EqualDicts(Budget& budget, const Dict& left, const Dict& right) {
  if (left.items.size() != right.items.size()) {
    return false;
  }
  for (const auto& [key, value] : left.items) {
    RETURN_IF_ERROR(budget.SpendLookup(right.items.size(), key.size()));
    const Value* other = right.Find(key.bytes());
    if (other == nullptr) {
      return false;
    }
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, value, *other));
    if (!equal) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<std::partial_ordering> CompareLists(Budget& budget, const List& left, const List& right) {
  for (size_t i = 0; i < std::min(left.items.size(), right.items.size()); ++i) {
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, left.items[i], right.items[i]));
    if (!equal) {
      return Compare(budget, left.items[i], right.items[i]);
    }
  }
  return std::partial_ordering(left.items.size() <=> right.items.size());
}

std::partial_ordering CompareNumbers(const Number& left, const Number& right) {
  if (left.integer.has_value() && right.integer.has_value()) {
    return *left.integer <=> *right.integer;
  }
  return left.value <=> right.value;
}

}  // namespace

absl::StatusOr<bool> Equal(Budget& budget, const Value& left, const Value& right) {
  RETURN_IF_ERROR(budget.Spend(1));
  const std::optional<Number> a = ToNumber(left);
  const std::optional<Number> b = ToNumber(right);
  if (a.has_value() && b.has_value()) {
    return CompareNumbers(*a, *b) == std::partial_ordering::equivalent;
  }
  if (left.text() != nullptr && right.text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(std::min(left.text()->size(), right.text()->size())));
    return *left.text() == *right.text();
  }
  if (left.list() != nullptr && right.list() != nullptr) {
    return EqualLists(budget, *left.list(), *right.list());
  }
  if (left.dict() != nullptr && right.dict() != nullptr) {
    return EqualDicts(budget, *left.dict(), *right.dict());
  }
  if (left.name_space() != nullptr) return left.name_space() == right.name_space();
  if (left.loop() != nullptr) return left.loop() == right.loop();
  if (left.function() != nullptr) return left.function() == right.function();
  return (left.is_none() && right.is_none()) || (left.is_undefined() && right.is_undefined());
}

absl::StatusOr<std::partial_ordering> Compare(Budget& budget, const Value& left, const Value& right) {
  RETURN_IF_ERROR(budget.Spend(1));
  const std::optional<Number> a = ToNumber(left);
  const std::optional<Number> b = ToNumber(right);
  if (a.has_value() && b.has_value()) {
    return CompareNumbers(*a, *b);
  }
  if (left.text() != nullptr && right.text() != nullptr) {
    RETURN_IF_ERROR(budget.SpendBytes(std::min(left.text()->size(), right.text()->size())));
    // The order of UTF-8's bytes is that of its characters.
    return std::partial_ordering(left.text()->bytes().compare(right.text()->bytes()) <=> 0);
  }
  if (left.list() != nullptr && right.list() != nullptr) {
    return CompareLists(budget, *left.list(), *right.list());
  }
  if (left.is_undefined() || right.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be compared: ", (left.is_undefined() ? left : right).Describe()));
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no order between ", std::string(left.TypeName()),
                                                 " and ", std::string(right.TypeName())));
}

absl::StatusOr<bool> Contains(Budget& budget, const Value& container, const Value& item) {
  if (container.text() != nullptr) {
    if (item.text() == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("'in <string>' wants a string on its left; ", item.Describe()));
    }
    RETURN_IF_ERROR(budget.SpendSearch(container.text()->size(), item.text()->size()));
    return container.text()->bytes().find(item.text()->bytes()) != std::string::npos;
  }
  if (container.list() != nullptr) {
    for (const Value& candidate : container.list()->items) {
      ASSIGN_OR_RETURN(const bool equal, Equal(budget, candidate, item));
      if (equal) {
        return true;
      }
    }
    return false;
  }
  if (container.dict() != nullptr) {
    if (item.text() == nullptr) {
      return false;
    }
    RETURN_IF_ERROR(budget.SpendLookup(container.dict()->items.size(), item.text()->size()));
    return container.dict()->Find(item.text()->bytes()) != nullptr;
  }
  if (container.is_undefined()) {
    return false;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'in' wants a list, mapping or string on its right; ", container.Describe()));
}

absl::StatusOr<bool> ApplyComparison(Budget& budget, std::string_view op, const Value& left,
                                     const Value& right) {
  if (op == "==" || op == "!=") {
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, left, right));
    return equal == (op == "==");
  }
  if (op == "in" || op == "not in") {
    ASSIGN_OR_RETURN(const bool contains, Contains(budget, right, left));
    return contains == (op == "in");
  }
  ASSIGN_OR_RETURN(const std::partial_ordering order, Compare(budget, left, right));
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

}  // namespace bitnet::jinja

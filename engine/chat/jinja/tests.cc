#include "engine/chat/jinja/tests.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/arguments.h"
#include "engine/chat/jinja/number.h"
#include "engine/chat/jinja/operators.h"

namespace bitnet::jinja {
namespace {

bool IsNumber(const Value& value) { return ToNumber(value).has_value(); }
bool IsInteger(const Value& value) { return value.integer() != nullptr; }
bool IsSized(const Value& value) {
  return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr ||
         value.is_undefined();
}
bool IsBool(const Value& value, bool wanted) {
  return value.boolean() != nullptr && *value.boolean() == wanted;
}
bool IsCased(const Value& value, Text (*change)(const Text&)) {
  return value.text() != nullptr && !value.text()->empty() && change(*value.text()) == *value.text() &&
         !(ToLower(*value.text()) == ToUpper(*value.text()));
}

struct PlainTest {
  std::string_view name;
  bool (*passes)(const Value&);
};
constexpr PlainTest kPlainTests[] = {
    {"boolean", [](const Value& v) { return v.boolean() != nullptr; }},
    {"callable", [](const Value& v) { return v.function() != nullptr; }},
    {"defined", [](const Value& v) { return !v.is_undefined(); }},
    {"false", [](const Value& v) { return IsBool(v, false); }},
    {"float", [](const Value& v) { return v.floating() != nullptr; }},
    {"integer", IsInteger},
    {"iterable", IsSized},
    {"mapping", [](const Value& v) { return v.dict() != nullptr; }},
    {"none", [](const Value& v) { return v.is_none(); }},
    {"number", IsNumber},
    {"sequence", IsSized},
    {"string", [](const Value& v) { return v.text() != nullptr; }},
    {"true", [](const Value& v) { return IsBool(v, true); }},
    {"undefined", [](const Value& v) { return v.is_undefined(); }},
};

// Tests that are operators with another name.
struct OperatorTest {
  std::string_view name, op;
};
constexpr OperatorTest kOperatorTests[] = {
    {"eq", "=="},      {"equalto", "=="},    {"==", "=="}, {"ne", "!="}, {"!=", "!="}, {"lt", "<"},
    {"lessthan", "<"}, {"<", "<"},           {"le", "<="}, {"<=", "<="}, {"gt", ">"},  {">", ">"},
    {"ge", ">="},      {"greaterthan", ">"}, {">=", ">="}, {"in", "in"},
};

// The remainder of an integer's division.
absl::StatusOr<int64_t> Remainder(std::string_view name, Budget& budget, const Value& value,
                                  const Value& divisor) {
  if (!ToInteger(value).has_value() || !ToInteger(divisor).has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("test '", std::string(name), "' wants integers"));
  }
  ASSIGN_OR_RETURN(const Value remainder, ApplyBinary(budget, "%", value, divisor));
  return *remainder.integer();
}

}  // namespace

absl::StatusOr<bool> ApplyTest(Budget& budget, std::string_view name, const Value& value,
                               const Arguments& arguments) {
  ArgumentReader reader(name, arguments);
  if (const auto* test = std::ranges::find(kPlainTests, name, &PlainTest::name);
      test != std::end(kPlainTests)) {
    RETURN_IF_ERROR(reader.Finish());
    return test->passes(value);
  }
  if (name == "lower" || name == "upper") {
    RETURN_IF_ERROR(reader.Finish());
    RETURN_IF_ERROR(budget.SpendBytes(value.text() != nullptr ? 4 * value.text()->size() : 0));
    return IsCased(value, name == "lower" ? ToLower : ToUpper);
  }
  if (name == "even" || name == "odd") {
    RETURN_IF_ERROR(reader.Finish());
    ASSIGN_OR_RETURN(const int64_t remainder, Remainder(name, budget, value, Value::Int(2)));
    return remainder == (name == "odd" ? 1 : 0);
  }
  const auto* const test = std::ranges::find(kOperatorTests, name, &OperatorTest::name);
  if (test == std::end(kOperatorTests) && name != "divisibleby" && name != "sameas") {
    return absl::InvalidArgumentError(absl::StrCat("there is no test '", std::string(name), "'"));
  }
  const Value* other = reader.Required("other");
  RETURN_IF_ERROR(reader.Finish());
  if (name == "divisibleby") {
    ASSIGN_OR_RETURN(const int64_t remainder, Remainder(name, budget, value, *other));
    return remainder == 0;
  }
  if (name == "sameas") {  // Of what cannot change, the same is what is equal and of one type.
    ASSIGN_OR_RETURN(const bool equal, Equal(budget, value, *other));
    return equal && value.TypeName() == other->TypeName();
  }
  return ApplyComparison(budget, test->op, value, *other);
}

}  // namespace bitnet::jinja

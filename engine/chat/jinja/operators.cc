#include "engine/chat/jinja/operators.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/number.h"
#include "engine/chat/jinja/to_text.h"

namespace bitnet::jinja {
namespace {

absl::Status Overflow() { return absl::InvalidArgumentError("the result is no 64-bit integer"); }

absl::Status DivisionByZero() { return absl::InvalidArgumentError("division by zero"); }

absl::StatusOr<Value> Power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    return base == 0 ? absl::StatusOr<Value>(DivisionByZero())
                     : Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) {
      return Overflow();
    }
    exponent >>= 1;
    if (exponent == 0) {
      return Value::Int(result);
    }
    if (__builtin_mul_overflow(base, base, &base)) {
      return Overflow();
    }
  }
}

// As Python: the remainder has the divisor's sign.
absl::StatusOr<Value> DivideFloor(std::string_view op, int64_t left, int64_t right) {
  if (right == 0) {
    return DivisionByZero();
  }
  if (right == -1) {  // The least integer has no negative, and the processor traps.
    int64_t negative = 0;
    if (op == "//" && __builtin_sub_overflow(int64_t{0}, left, &negative)) {
      return Overflow();
    }
    return Value::Int(op == "//" ? negative : 0);
  }
  int64_t quotient = left / right;
  int64_t remainder = left % right;
  if (remainder != 0 && (remainder < 0) != (right < 0)) {
    --quotient;
    remainder += right;
  }
  return Value::Int(op == "//" ? quotient : remainder);
}

absl::StatusOr<Value> CombineIntegers(std::string_view op, int64_t left, int64_t right) {
  int64_t result = 0;
  if (op == "+") {
    return __builtin_add_overflow(left, right, &result) ? absl::StatusOr<Value>(Overflow())
                                                        : Value::Int(result);
  }
  if (op == "-") {
    return __builtin_sub_overflow(left, right, &result) ? absl::StatusOr<Value>(Overflow())
                                                        : Value::Int(result);
  }
  if (op == "*") {
    return __builtin_mul_overflow(left, right, &result) ? absl::StatusOr<Value>(Overflow())
                                                        : Value::Int(result);
  }
  return op == "**" ? Power(left, right) : DivideFloor(op, left, right);
}

absl::StatusOr<Value> CombineFloats(std::string_view op, double left, double right) {
  if (op == "+") return Value::Float(left + right);
  if (op == "-") return Value::Float(left - right);
  if (op == "*") return Value::Float(left * right);
  if (op == "**") return Value::Float(std::pow(left, right));
  if (right == 0) {
    return DivisionByZero();
  }
  if (op == "/") return Value::Float(left / right);
  const double quotient = std::floor(left / right);
  if (op == "//") {
    return Value::Float(quotient);
  }
  const double remainder = std::fmod(left, right);
  return Value::Float(remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder);
}

absl::StatusOr<Value> RepeatText(Budget& budget, const Text& text, int64_t count) {
  const uint64_t times = count > 0 && !text.empty() ? static_cast<uint64_t>(count) : 0;
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(times, text.size(), &bytes)) {
    return Overflow();
  }
  RETURN_IF_ERROR(budget.SpendBytes(bytes));
  Text result;
  for (uint64_t i = 0; i < times; ++i) {
    result.Append(text);
  }
  return Value::String(std::move(result));
}

absl::StatusOr<Value> RepeatList(Budget& budget, const List& list, int64_t count) {
  const uint64_t times = count > 0 && !list.items.empty() ? static_cast<uint64_t>(count) : 0;
  uint64_t size = 0;
  if (__builtin_mul_overflow(times, list.items.size(), &size)) {
    return Overflow();
  }
  RETURN_IF_ERROR(budget.Spend(size));
  std::vector<Value> items;
  for (uint64_t i = 0; i < times; ++i) {
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return Value::MakeList(std::move(items), list.is_tuple);
}

absl::StatusOr<Value> JoinTexts(Budget& budget, const Value& left, const Value& right) {
  ASSIGN_OR_RETURN(Text result, ToText(budget, left));
  ASSIGN_OR_RETURN(const Text end, ToText(budget, right));
  result.Append(end);
  return Value::String(std::move(result));
}

absl::StatusOr<Value> JoinLists(Budget& budget, const List& left, const List& right) {
  RETURN_IF_ERROR(budget.Spend(left.items.size() + right.items.size()));
  std::vector<Value> items = left.items;
  items.insert(items.end(), right.items.begin(), right.items.end());
  return Value::MakeList(std::move(items), left.is_tuple);
}

absl::Status WrongTypes(std::string_view op, const Value& left, const Value& right) {
  if (left.is_undefined() || right.is_undefined()) {
    return absl::InvalidArgumentError(absl::StrCat((left.is_undefined() ? left : right).Describe()));
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("operator %s cannot be applied to %s and %s", op, left.TypeName(), right.TypeName()));
}

}  // namespace

absl::StatusOr<Value> ApplyBinary(Budget& budget, std::string_view op, const Value& left,
                                  const Value& right) {
  if (op == "~") {
    return JoinTexts(budget, left, right);
  }
  const std::optional<Number> a = ToNumber(left);
  const std::optional<Number> b = ToNumber(right);
  if (a.has_value() && b.has_value()) {
    return a->integer.has_value() && b->integer.has_value() && op != "/"
               ? CombineIntegers(op, *a->integer, *b->integer)
               : CombineFloats(op, a->value, b->value);
  }
  if (op == "+" && left.text() != nullptr && right.text() != nullptr) {
    return JoinTexts(budget, left, right);
  }
  if (op == "+" && left.list() != nullptr && right.list() != nullptr &&
      left.list()->is_tuple == right.list()->is_tuple) {
    return JoinLists(budget, *left.list(), *right.list());
  }
  if (op == "*" && (ToInteger(left).has_value() || ToInteger(right).has_value())) {
    const bool count_first = ToInteger(left).has_value();
    const Value& repeated = count_first ? right : left;
    const int64_t count = *ToInteger(count_first ? left : right);
    if (repeated.text() != nullptr) return RepeatText(budget, *repeated.text(), count);
    if (repeated.list() != nullptr) return RepeatList(budget, *repeated.list(), count);
  }
  if (op == "%" && left.text() != nullptr && !right.is_undefined()) {
    const bool is_tuple = right.list() != nullptr && right.list()->is_tuple;
    return FormatPercent(budget, *left.text(), is_tuple ? right.list()->items : std::vector<Value>{right});
  }
  return WrongTypes(op, left, right);
}

absl::StatusOr<Value> ApplyUnary(std::string_view op, const Value& operand) {
  const std::optional<Number> number = ToNumber(operand);
  if (!number.has_value()) {
    return absl::InvalidArgumentError(absl::StrFormat("unary %s wants a number; %s", op, operand.Describe()));
  }
  if (!number->integer.has_value()) {
    return Value::Float(op == "-" ? -number->value : number->value);
  }
  return op == "-" ? CombineIntegers("-", 0, *number->integer) : Value::Int(*number->integer);
}

absl::StatusOr<Value> FormatPercent(Budget& budget, const Text& format, const std::vector<Value>& values) {
  RETURN_IF_ERROR(budget.SpendBytes(format.size()));
  Text result;
  size_t next = 0;
  const std::string& bytes = format.bytes();
  for (size_t at = 0; at < bytes.size();) {
    const size_t percent = std::min(bytes.find('%', at), bytes.size());
    result.Append(format.Part(at, percent));
    if (percent == bytes.size()) {
      break;
    }
    const char kind = percent + 1 < bytes.size() ? bytes[percent + 1] : '\0';
    at = percent + 2;
    if (kind == '%') {
      result.Append(format.Part(percent, percent + 1));
      continue;
    }
    if (kind != 's' && kind != 'd' && kind != 'i') {
      return absl::InvalidArgumentError(
          absl::StrFormat("format knows %%s, %%d, %%i and %%%%, not '%s'", bytes.substr(percent, 2)));
    }
    if (next == values.size()) {
      return absl::InvalidArgumentError("format has fewer values than its text wants");
    }
    const Value& value = values[next++];
    if (kind != 's' && !ToInteger(value).has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("%d wants an integer; ", value.Describe()));
    }
    ASSIGN_OR_RETURN(const Text text, ToText(budget, kind == 's' ? value : Value::Int(*ToInteger(value))));
    result.Append(text);
  }
  if (next != values.size()) {
    return absl::InvalidArgumentError("format has more values than its text wants");
  }
  return Value::String(std::move(result));
}

}  // namespace bitnet::jinja

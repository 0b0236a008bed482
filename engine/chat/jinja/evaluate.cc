// The interpreter's expressions.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/filters.h"
#include "engine/chat/jinja/interpreter.h"
#include "engine/chat/jinja/lookup.h"
#include "engine/chat/jinja/operators.h"
#include "engine/chat/jinja/tests.h"

namespace bitnet::jinja {

absl::StatusOr<Value> Interpreter::Evaluate(const Expr& expr) {
  const Budget::Level level(budget_);
  RETURN_IF_ERROR(level.status());
  RETURN_IF_ERROR(budget_.Spend(1));
  line_ = expr.line;
  absl::StatusOr<Value> value = std::visit([&](const auto& node) { return EvaluateNode(node); }, expr.node);
  if (value.ok()) {
    line_ = expr.line;  // Not that of a part, for the mistake that the whole may turn out to be.
  }
  return value;
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Name& name) {
  RETURN_IF_ERROR(budget_.Spend(static_cast<uint64_t>(scope_->depth()) / 8));
  return scope_->Get(name.name);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const ListDisplay& list) {
  std::vector<Value> items;
  for (const ExprPtr& item : list.items) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*item));
    items.push_back(std::move(value));
  }
  return Value::MakeList(std::move(items), list.is_tuple);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const DictDisplay& dict) {
  std::vector<std::pair<Text, Value>> items;
  for (const auto& [key_expr, value_expr] : dict.items) {
    ASSIGN_OR_RETURN(const Value key, Evaluate(*key_expr));
    if (key.text() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("a mapping's key is no string; ", key.Describe()));
    }
    RETURN_IF_ERROR(budget_.SpendBytes(key.text()->size()));
    ASSIGN_OR_RETURN(Value value, Evaluate(*value_expr));
    items.emplace_back(*key.text(), std::move(value));
  }
  return Value::MakeDict(std::move(items));
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Unary& unary) {
  ASSIGN_OR_RETURN(const Value operand, Evaluate(*unary.operand));
  return unary.op == "not" ? Value::Bool(!operand.IsTrue()) : ApplyUnary(unary.op, operand);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Binary& binary) {
  ASSIGN_OR_RETURN(const Value left, Evaluate(*binary.left));
  if (binary.op == "and" || binary.op == "or") {  // The operand that decides is the result.
    return left.IsTrue() == (binary.op == "or") ? left : Evaluate(*binary.right);
  }
  ASSIGN_OR_RETURN(const Value right, Evaluate(*binary.right));
  return ApplyBinary(budget_, binary.op, left, right);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Comparison& comparison) {
  ASSIGN_OR_RETURN(Value left, Evaluate(*comparison.first));
  for (const auto& [op, operand] : comparison.rest) {
    ASSIGN_OR_RETURN(Value right, Evaluate(*operand));
    ASSIGN_OR_RETURN(const bool holds, ApplyComparison(budget_, op, left, right));
    if (!holds) {
      return Value::Bool(false);
    }
    left = std::move(right);
  }
  return Value::Bool(true);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Conditional& conditional) {
  ASSIGN_OR_RETURN(const Value condition, Evaluate(*conditional.condition));
  if (condition.IsTrue()) {
    return Evaluate(*conditional.value);
  }
  return conditional.otherwise != nullptr ? Evaluate(*conditional.otherwise)
                                          : Value::MakeUndefined("what an 'if' without 'else' gives");
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Attribute& attribute) {
  ASSIGN_OR_RETURN(const Value object, Evaluate(*attribute.object));
  return GetAttribute(budget_, object, attribute.name);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Subscript& subscript) {
  ASSIGN_OR_RETURN(const Value object, Evaluate(*subscript.object));
  ASSIGN_OR_RETURN(const Value index, Evaluate(*subscript.index));
  return GetItem(budget_, object, index);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Slice& slice) {
  ASSIGN_OR_RETURN(const Value object, Evaluate(*slice.object));
  std::optional<Value> parts[3];
  const Expr* const exprs[3] = {slice.begin.get(), slice.end.get(), slice.step.get()};
  for (size_t i = 0; i < 3; ++i) {
    if (exprs[i] != nullptr) {
      ASSIGN_OR_RETURN(parts[i], Evaluate(*exprs[i]));
    }
  }
  const auto pointer = [](const std::optional<Value>& part) { return part.has_value() ? &*part : nullptr; };
  return GetSlice(budget_, object, pointer(parts[0]), pointer(parts[1]), pointer(parts[2]));
}

absl::StatusOr<Arguments> Interpreter::EvaluateArguments(const CallArguments& arguments) {
  Arguments values;
  for (const ExprPtr& argument : arguments.positional) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*argument));
    values.positional.push_back(std::move(value));
  }
  for (const auto& [name, argument] : arguments.named) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*argument));
    values.named.emplace_back(name, std::move(value));
  }
  return values;
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Call& call) {
  ASSIGN_OR_RETURN(const Value callee, Evaluate(*call.callee));
  if (callee.function() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("a call wants a function; ", callee.Describe()));
  }
  ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(call.arguments));
  return callee.function()->call(budget_, arguments);
}

absl::StatusOr<Value> Interpreter::ApplyFilterTo(const Filter& filter, const Value& input) {
  ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(filter.arguments));
  return ApplyFilter(budget_, filter.name, input, arguments);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Filter& filter) {
  ASSIGN_OR_RETURN(const Value input, Evaluate(*filter.input));
  return ApplyFilterTo(filter, input);
}

absl::StatusOr<Value> Interpreter::EvaluateNode(const Test& test) {
  ASSIGN_OR_RETURN(const Value input, Evaluate(*test.input));
  ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(test.arguments));
  ASSIGN_OR_RETURN(const bool passes, ApplyTest(budget_, test.name, input, arguments));
  return Value::Bool(passes != test.negated);
}

}  // namespace bitnet::jinja

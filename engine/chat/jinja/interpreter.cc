#include "engine/chat/jinja/interpreter.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/lookup.h"
#include "engine/chat/jinja/to_text.h"

namespace bitnet::jinja {

absl::StatusOr<Text> Interpreter::Run(const Block& block) {
  ASSIGN_OR_RETURN([[maybe_unused]] const Flow flow, Execute(block));
  return std::exchange(out_, Text());
}

absl::StatusOr<Interpreter::Flow> Interpreter::Execute(const Block& block) {
  const Budget::Level level(budget_);
  RETURN_IF_ERROR(level.status());
  for (const Statement& statement : block) {
    RETURN_IF_ERROR(budget_.Spend(1));
    line_ = statement.line;
    ASSIGN_OR_RETURN(const Flow flow,
                     std::visit([&](const auto& node) { return ExecuteNode(node); }, statement.node));
    if (flow != Flow::kOn) {
      return flow;
    }
  }
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteIn(const std::shared_ptr<Scope>& scope,
                                                         const Block& block) {
  const std::shared_ptr<Scope> outer = std::exchange(scope_, scope);
  absl::StatusOr<Flow> flow = Execute(block);
  scope_ = outer;
  return flow;
}

absl::StatusOr<Value> Interpreter::Capture(const Block& block, const std::vector<ExprPtr>& filters) {
  Text outer = std::exchange(out_, Text());
  const absl::StatusOr<Flow> flow = ExecuteIn(std::make_shared<Scope>(scope_), block);
  Value value = Value::String(std::exchange(out_, std::move(outer)));
  RETURN_IF_ERROR(flow.status());
  for (const ExprPtr& filter : filters) {
    line_ = filter->line;
    ASSIGN_OR_RETURN(value, ApplyFilterTo(std::get<Filter>(filter->node), value));
  }
  return value;
}

absl::Status Interpreter::Write(const Value& value) {
  ASSIGN_OR_RETURN(const Text text, ToText(budget_, value));
  RETURN_IF_ERROR(budget_.SpendBytes(text.size()));
  out_.Append(text);
  return absl::OkStatus();
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const Output& output) {
  RETURN_IF_ERROR(budget_.SpendBytes(output.text.size()));
  out_.Append(output.text);
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const Print& print) {
  ASSIGN_OR_RETURN(const Value value, Evaluate(*print.value));
  RETURN_IF_ERROR(Write(value));
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const If& statement) {
  for (const If::Branch& branch : statement.branches) {
    bool holds = true;
    if (branch.condition != nullptr) {
      ASSIGN_OR_RETURN(const Value condition, Evaluate(*branch.condition));
      holds = condition.IsTrue();
    }
    if (holds) {
      return Execute(branch.body);
    }
  }
  return Flow::kOn;
}

absl::Status Interpreter::Assign(Scope& scope, const std::vector<std::string>& targets, bool unpacks,
                                 const Value& value) {
  if (!unpacks) {
    scope.Set(targets[0], value);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, ItemsOf(budget_, value));
  if (items.size() != targets.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d values were wanted, for '%s' and others; there are %d", targets.size(),
                        targets[0], items.size()));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    scope.Set(targets[i], items[i]);
  }
  return absl::OkStatus();
}

// The items for which the loop's condition holds.
absl::StatusOr<std::vector<Value>> Interpreter::LoopItems(const For& loop) {
  ASSIGN_OR_RETURN(const Value iterated, Evaluate(*loop.items));
  ASSIGN_OR_RETURN(std::vector<Value> items, ItemsOf(budget_, iterated));
  if (loop.condition == nullptr) {
    return items;
  }
  const std::shared_ptr<Scope> outer = scope_;
  const absl::Cleanup restore = [&] { scope_ = outer; };
  scope_ = std::make_shared<Scope>(outer);
  std::vector<Value> chosen;
  for (Value& item : items) {
    RETURN_IF_ERROR(Assign(*scope_, loop.targets, loop.unpacks, item));
    ASSIGN_OR_RETURN(const Value holds, Evaluate(*loop.condition));
    if (holds.IsTrue()) {
      chosen.push_back(std::move(item));
    }
  }
  return chosen;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const For& loop) {
  auto state = std::make_shared<Loop>();
  ASSIGN_OR_RETURN(state->items, LoopItems(loop));
  if (state->items.empty()) {
    return ExecuteIn(std::make_shared<Scope>(scope_), loop.otherwise);
  }
  state->depth = ++loops_;
  const absl::Cleanup leave = [&] { --loops_; };
  for (; state->index < state->items.size(); ++state->index) {
    RETURN_IF_ERROR(budget_.Spend(4));
    const auto scope = std::make_shared<Scope>(scope_);
    scope->Set("loop", Value::Of(state));
    RETURN_IF_ERROR(Assign(*scope, loop.targets, loop.unpacks, state->items[state->index]));
    ASSIGN_OR_RETURN(const Flow flow, ExecuteIn(scope, loop.body));
    if (flow == Flow::kBreak) {
      break;
    }
  }
  return Flow::kOn;
}

absl::Status Interpreter::AssignAttribute(const std::string& name, const std::string& attribute,
                                          Value value) {
  Namespace* const name_space = scope_->Get(name).name_space();
  if (name_space == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("'%s.%s' cannot be set: '%s' is no namespace", name, attribute, name));
  }
  RETURN_IF_ERROR(budget_.Spend(name_space->items.size() / 8));
  return name_space->Set(attribute, std::move(value));
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const Set& statement) {
  ASSIGN_OR_RETURN(const Value value, Evaluate(*statement.value));
  if (statement.attribute.empty()) {
    RETURN_IF_ERROR(Assign(*scope_, statement.targets, statement.unpacks, value));
  } else {
    RETURN_IF_ERROR(AssignAttribute(statement.targets[0], statement.attribute, value));
  }
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const SetBlock& block) {
  ASSIGN_OR_RETURN(const Value value, Capture(block.body, block.filters));
  if (block.attribute.empty()) {
    scope_->Set(block.target, value);
  } else {
    RETURN_IF_ERROR(AssignAttribute(block.target, block.attribute, value));
  }
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const FilterBlock& block) {
  ASSIGN_OR_RETURN(const Value value, Capture(block.body, block.filters));
  RETURN_IF_ERROR(Write(value));
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const Scoped& block) {
  const auto scope = std::make_shared<Scope>(scope_);
  for (const auto& [name, expr] : block.variables) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*expr));
    scope->Set(name, std::move(value));
  }
  return ExecuteIn(scope, block.body);
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const Macro& macro) {
  scope_->Set(macro.name, MakeMacro(macro));
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteNode(const CallBlock& block) {
  const auto& call = std::get<Call>(block.call->node);
  ASSIGN_OR_RETURN(const Value callee, Evaluate(*call.callee));
  if (callee.function() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("a call wants a function; ", callee.Describe()));
  }
  ASSIGN_OR_RETURN(Arguments arguments, EvaluateArguments(call.arguments));
  arguments.named.emplace_back("caller", MakeMacro(block.caller));
  ASSIGN_OR_RETURN(const Value value, callee.function()->call(budget_, arguments));
  RETURN_IF_ERROR(Write(value));
  return Flow::kOn;
}

}  // namespace bitnet::jinja

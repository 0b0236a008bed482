// The interpreter's macros.
#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/interpreter.h"

namespace bitnet::jinja {
namespace {

const Value* FindNamed(const Arguments& arguments, std::string_view name) {
  const auto it = std::ranges::find(arguments.named, name,
                                    [](const auto& item) -> std::string_view { return item.first; });
  return it != arguments.named.end() ? &it->second : nullptr;
}

}  // namespace

Value Interpreter::MakeMacro(const Macro& macro) {
  // The scope holds the macro: holding the scope here too would keep both for ever.
  return Value::Of(Function{macro.name,
                            [this, &macro, weak = std::weak_ptr<Scope>(scope_)](
                                Budget&, const Arguments& arguments) -> absl::StatusOr<Value> {
                              std::shared_ptr<Scope> scope = weak.lock();
                              if (scope == nullptr) {
                                return absl::InvalidArgumentError(absl::StrFormat(
                                    "macro '%s' is called where its variables are no more", macro.name));
                              }
                              return CallMacro(macro, std::move(scope), arguments);
                            }});
}

absl::StatusOr<Value> Interpreter::CallMacro(const Macro& macro, std::shared_ptr<Scope> scope,
                                             const Arguments& arguments) {
  const Budget::Level level(budget_);
  RETURN_IF_ERROR(level.status());
  if (arguments.positional.size() > macro.parameters.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("macro '%s' takes %d arguments; there are %d",
                                                      macro.name, macro.parameters.size(),
                                                      arguments.positional.size()));
  }
  // Each parameter is a variable, and looked for among the names given, which are looked for among them.
  RETURN_IF_ERROR(budget_.Spend(macro.parameters.size() * (1 + arguments.named.size() / 4)));
  for (const auto& [name, value] : arguments.named) {
    if (name != "caller" &&
        std::ranges::find(macro.parameters, name, &Parameter::name) == macro.parameters.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("macro '%s' has no parameter '%s'", macro.name, name));
    }
  }
  const auto variables = std::make_shared<Scope>(std::move(scope));
  // What has been written is the caller's, and so is {% break %}'s loop.
  Text outer = std::exchange(out_, Text());
  const std::shared_ptr<Scope> outer_scope = std::exchange(scope_, variables);
  const int outer_loops = std::exchange(loops_, 0);
  absl::Cleanup restore = [&] {
    out_ = std::move(outer);
    scope_ = outer_scope;
    loops_ = outer_loops;
  };
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    const Value* given =
        i < arguments.positional.size() ? &arguments.positional[i] : FindNamed(arguments, parameter.name);
    Value value = Value::MakeUndefined(parameter.name);
    if (given != nullptr) {
      value = *given;
    } else if (parameter.default_value != nullptr) {
      ASSIGN_OR_RETURN(value, Evaluate(*parameter.default_value));
    }
    variables->Set(parameter.name, std::move(value));
  }
  if (const Value* caller = FindNamed(arguments, "caller")) {
    variables->Set("caller", *caller);
  }
  ASSIGN_OR_RETURN([[maybe_unused]] const Flow flow, Execute(macro.body));
  Text written = std::exchange(out_, Text());
  return Value::String(std::move(written));
}

}  // namespace bitnet::jinja

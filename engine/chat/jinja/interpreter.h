// Runs a parsed template.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/budget.h"
#include "engine/chat/jinja/scope.h"
#include "engine/chat/jinja/syntax.h"
#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

// For one rendering. Borrows the template and the budget; values with macros in them die with it.
class Interpreter {
 public:
  // `globals` are the template's outermost variables.
  Interpreter(Budget& budget, std::shared_ptr<Scope> globals) : budget_(budget), scope_(std::move(globals)) {}

  absl::StatusOr<Text> Run(const Block& block);
  // Of what was done last: after a mistake, where it was.
  int line() const { return line_; }

 private:
  enum class Flow { kOn, kBreak, kContinue };

  // Statements, which write to out_.
  absl::StatusOr<Flow> Execute(const Block& block);
  absl::StatusOr<Flow> ExecuteNode(const Output& output);
  absl::StatusOr<Flow> ExecuteNode(const Print& print);
  absl::StatusOr<Flow> ExecuteNode(const If& statement);
  absl::StatusOr<Flow> ExecuteNode(const For& loop);
  absl::StatusOr<Flow> ExecuteNode(const Set& statement);
  absl::StatusOr<Flow> ExecuteNode(const SetBlock& block);
  absl::StatusOr<Flow> ExecuteNode(const Macro& macro);
  absl::StatusOr<Flow> ExecuteNode(const CallBlock& block);
  absl::StatusOr<Flow> ExecuteNode(const FilterBlock& block);
  absl::StatusOr<Flow> ExecuteNode(const Scoped& block);
  absl::StatusOr<Flow> ExecuteNode(const Break&) { return Flow::kBreak; }
  absl::StatusOr<Flow> ExecuteNode(const Continue&) { return Flow::kContinue; }

  // `block` within a new scope, a child of `parent`, that `fill` has put variables in.
  absl::StatusOr<Flow> ExecuteIn(const std::shared_ptr<Scope>& scope, const Block& block);
  // What `block` writes, in a scope of its own, after `filters`.
  absl::StatusOr<Value> Capture(const Block& block, const std::vector<ExprPtr>& filters);
  absl::Status Assign(Scope& scope, const std::vector<std::string>& targets, bool unpacks,
                      const Value& value);
  absl::Status AssignAttribute(const std::string& name, const std::string& attribute, Value value);
  absl::StatusOr<std::vector<Value>> LoopItems(const For& loop);
  absl::Status Write(const Value& value);

  // `macro` as a function that sees the variables of `scope_`.
  Value MakeMacro(const Macro& macro);
  absl::StatusOr<Value> CallMacro(const Macro& macro, std::shared_ptr<Scope> scope,
                                  const Arguments& arguments);

  // Expressions.
  absl::StatusOr<Value> Evaluate(const Expr& expr);
  absl::StatusOr<Value> EvaluateNode(const Literal& literal) { return literal.value; }
  absl::StatusOr<Value> EvaluateNode(const Name& name);
  absl::StatusOr<Value> EvaluateNode(const ListDisplay& list);
  absl::StatusOr<Value> EvaluateNode(const DictDisplay& dict);
  absl::StatusOr<Value> EvaluateNode(const Unary& unary);
  absl::StatusOr<Value> EvaluateNode(const Binary& binary);
  absl::StatusOr<Value> EvaluateNode(const Comparison& comparison);
  absl::StatusOr<Value> EvaluateNode(const Conditional& conditional);
  absl::StatusOr<Value> EvaluateNode(const Attribute& attribute);
  absl::StatusOr<Value> EvaluateNode(const Subscript& subscript);
  absl::StatusOr<Value> EvaluateNode(const Slice& slice);
  absl::StatusOr<Value> EvaluateNode(const Call& call);
  absl::StatusOr<Value> EvaluateNode(const Filter& filter);
  absl::StatusOr<Value> EvaluateNode(const Test& test);
  absl::StatusOr<Value> ApplyFilterTo(const Filter& filter, const Value& input);
  absl::StatusOr<Arguments> EvaluateArguments(const CallArguments& arguments);

  Budget& budget_;
  std::shared_ptr<Scope> scope_;
  Text out_;
  int line_ = 1;
  int loops_ = 0;  // Around what is run.
};

}  // namespace bitnet::jinja

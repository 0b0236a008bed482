// A template, parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/chat/jinja/value.h"

namespace bitnet::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;  // Null where a part is optional and missing.

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListDisplay {
  std::vector<ExprPtr> items;
  bool is_tuple;
};
struct DictDisplay {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};
struct Unary {
  std::string op;  // + - or "not".
  ExprPtr operand;
};
struct Binary {
  std::string op;  // + - * / // % ** ~ "and" or "or".
  ExprPtr left, right;
};
struct Comparison {  // a < b <= c.
  ExprPtr first;
  std::vector<std::pair<std::string, ExprPtr>> rest;
};
struct Conditional {  // `value` if `condition` else `otherwise`.
  ExprPtr condition, value, otherwise;
};
struct Attribute {
  ExprPtr object;
  std::string name;
};
struct Subscript {
  ExprPtr object, index;
};
struct Slice {
  ExprPtr object, begin, end, step;
};
struct Call {
  ExprPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExprPtr input;  // Null in {% filter %} and {% set x | f %}: what the block has made.
  std::string name;
  CallArguments arguments;
};
struct Test {
  ExprPtr input;
  std::string name;
  CallArguments arguments;
  bool negated;
};

struct Expr {
  int line;
  int height;  // Of the tree below: limited, because evaluating and destroying it are recursive.
  std::variant<Literal, Name, ListDisplay, DictDisplay, Unary, Binary, Comparison, Conditional, Attribute,
               Subscript, Slice, Call, Filter, Test>
      node;
};

struct Statement;
using Block = std::vector<Statement>;

struct Output {  // Text between tags.
  Text text;
};
struct Print {  // {{ value }}
  ExprPtr value;
};
struct If {
  struct Branch {
    ExprPtr condition;  // Null in the last: else.
    Block body;
  };
  std::vector<Branch> branches;
};
struct For {
  std::vector<std::string> targets;  // More than one take an item apart.
  bool unpacks;
  ExprPtr items;
  ExprPtr condition;
  Block body;
  Block otherwise;
};
struct Set {
  std::vector<std::string> targets;
  bool unpacks;
  std::string attribute;  // Not empty: of the namespace that targets[0] names.
  ExprPtr value;
};
struct SetBlock {
  std::string target;
  std::string attribute;
  std::vector<ExprPtr> filters;  // Each a Filter without input.
  Block body;
};
struct Parameter {
  std::string name;
  ExprPtr default_value;
};
struct Macro {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
};
struct CallBlock {  // {% call(parameters) call %}: the body is the macro `caller` of what is called.
  Macro caller;
  ExprPtr call;  // A Call.
};
struct FilterBlock {
  std::vector<ExprPtr> filters;
  Block body;
};
struct Scoped {  // {% with %}, and {% generation %} with no variables.
  std::vector<std::pair<std::string, ExprPtr>> variables;
  Block body;
};
struct Break {};
struct Continue {};

struct Statement {
  int line;
  std::variant<Output, Print, If, For, Set, SetBlock, Macro, CallBlock, FilterBlock, Scoped, Break, Continue>
      node;
};

}  // namespace bitnet::jinja

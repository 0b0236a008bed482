// Expressions, by recursive descent; the precedence is Jinja's.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/syntax.h"
#include "engine/chat/jinja/token_stream.h"

namespace bitnet::jinja {

class ExpressionParser {
 public:
  // `tokens` is borrowed.
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  absl::StatusOr<ExprPtr> Parse();
  // Without a conditional on the outside: in `for x in items if condition` the `if` is the loop's.
  absl::StatusOr<ExprPtr> ParseUnconditional();
  // Several with commas between them are a tuple.
  absl::StatusOr<ExprPtr> ParseMany(bool with_conditional = true);
  // "name(arguments) | name ...", after the first "|", until there are no more: Filters, the first of which
  // has no input and the others have none either, to be applied in order.
  absl::StatusOr<std::vector<ExprPtr>> ParseFilters();

 private:
  absl::StatusOr<ExprPtr> ParseConditional();
  absl::StatusOr<ExprPtr> ParseOr();
  absl::StatusOr<ExprPtr> ParseAnd();
  absl::StatusOr<ExprPtr> ParseNot();
  absl::StatusOr<ExprPtr> ParseComparison();
  absl::StatusOr<ExprPtr> ParseSum();
  absl::StatusOr<ExprPtr> ParseConcatenation();
  absl::StatusOr<ExprPtr> ParseProduct();
  absl::StatusOr<ExprPtr> ParsePower();
  absl::StatusOr<ExprPtr> ParseUnary(bool with_filters = true);
  absl::StatusOr<ExprPtr> ParsePrimary();
  absl::StatusOr<ExprPtr> ParseName();
  absl::StatusOr<ExprPtr> ParseNumber();
  absl::StatusOr<ExprPtr> ParseString();
  absl::StatusOr<ExprPtr> ParseParentheses();
  absl::StatusOr<ExprPtr> ParseList();
  absl::StatusOr<ExprPtr> ParseDict();
  absl::StatusOr<ExprPtr> ParsePostfix(ExprPtr object);
  absl::StatusOr<ExprPtr> ParseAttribute(ExprPtr object);
  absl::StatusOr<ExprPtr> ParseSubscript(ExprPtr object);
  absl::StatusOr<ExprPtr> ParseFiltersAndTests(ExprPtr input);
  absl::StatusOr<ExprPtr> ParseFilter(ExprPtr input);
  absl::StatusOr<ExprPtr> ParseTest(ExprPtr input);
  absl::StatusOr<CallArguments> ParseArguments();

  // One of `ops` between operands that `parse_operand` reads, from the left.
  using Parse1 = absl::StatusOr<ExprPtr> (ExpressionParser::*)();
  absl::StatusOr<ExprPtr> ParseChain(std::initializer_list<std::string_view> ops, Parse1 parse_operand);

  TokenStream& tokens_;
  int depth_ = 0;
};

}  // namespace bitnet::jinja

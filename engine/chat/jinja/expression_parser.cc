#include "engine/chat/jinja/expression_parser.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "engine/chat/jinja/make_expr.h"

namespace bitnet::jinja {
namespace {

constexpr int kMaxDepth = 100;  // Of brackets and prefixes inside each other.

}  // namespace

absl::StatusOr<ExprPtr> ExpressionParser::Parse() {
  if (depth_ >= kMaxDepth) {
    return SyntaxError(tokens_.line(), "an expression nests too deeply");
  }
  ++depth_;
  absl::StatusOr<ExprPtr> expr = ParseConditional();
  --depth_;
  return expr;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseUnconditional() { return ParseOr(); }

absl::StatusOr<ExprPtr> ExpressionParser::ParseMany(bool with_conditional) {
  const int line = tokens_.line();
  const auto parse_one = [&] { return with_conditional ? Parse() : ParseUnconditional(); };
  ASSIGN_OR_RETURN(ExprPtr first, parse_one());
  if (!tokens_.SeesOperator(",")) {
    return first;
  }
  ListDisplay tuple{.items = {}, .is_tuple = true};
  int height = HeightOf(first);
  tuple.items.push_back(std::move(first));
  while (tokens_.SkipOperator(",")) {
    if (tokens_.Sees(TokenKind::kBlockEnd) || tokens_.Sees(TokenKind::kPrintEnd) ||
        tokens_.SeesOperator(")")) {
      break;
    }
    ASSIGN_OR_RETURN(ExprPtr item, parse_one());
    height = std::max(height, HeightOf(item));
    tuple.items.push_back(std::move(item));
  }
  return MakeExpr(line, height, std::move(tuple));
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseConditional() {
  ASSIGN_OR_RETURN(ExprPtr value, ParseOr());
  while (tokens_.SeesName("if")) {
    const int line = tokens_.Next().line;
    ASSIGN_OR_RETURN(ExprPtr condition, ParseOr());
    ExprPtr otherwise;
    if (tokens_.SkipName("else")) {
      ASSIGN_OR_RETURN(otherwise, Parse());
    }
    const int height = std::max({HeightOf(value), HeightOf(condition), HeightOf(otherwise)});
    ASSIGN_OR_RETURN(
        value,
        MakeExpr(line, height, Conditional{std::move(condition), std::move(value), std::move(otherwise)}));
  }
  return value;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseChain(std::initializer_list<std::string_view> ops,
                                                     Parse1 parse_operand) {
  ASSIGN_OR_RETURN(ExprPtr left, (this->*parse_operand)());
  const auto sees_op = [&] {
    return (tokens_.Sees(TokenKind::kOperator) || tokens_.Sees(TokenKind::kName)) &&
           std::ranges::find(ops, std::string_view(tokens_.peek().text)) != ops.end();
  };
  while (sees_op()) {
    Token op = tokens_.Next();
    ASSIGN_OR_RETURN(ExprPtr right, (this->*parse_operand)());
    const int height = std::max(HeightOf(left), HeightOf(right));
    ASSIGN_OR_RETURN(
        left, MakeExpr(op.line, height, Binary{std::move(op.text), std::move(left), std::move(right)}));
  }
  return left;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseOr() {
  return ParseChain({"or"}, &ExpressionParser::ParseAnd);
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseAnd() {
  return ParseChain({"and"}, &ExpressionParser::ParseNot);
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseNot() {
  if (!tokens_.SeesName("not")) {
    return ParseComparison();
  }
  const int line = tokens_.Next().line;
  if (++depth_ > kMaxDepth) {
    return SyntaxError(line, "an expression nests too deeply");
  }
  ASSIGN_OR_RETURN(ExprPtr operand, ParseNot());
  --depth_;
  const int height = HeightOf(operand);
  return MakeExpr(line, height, Unary{"not", std::move(operand)});
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseComparison() {
  const int line = tokens_.line();
  ASSIGN_OR_RETURN(ExprPtr first, ParseSum());
  Comparison comparison;
  int height = HeightOf(first);
  while (true) {
    std::string op;
    constexpr std::string_view kOrders[] = {"==", "!=", "<", "<=", ">", ">="};
    if (tokens_.Sees(TokenKind::kOperator) &&
        std::ranges::find(kOrders, std::string_view(tokens_.peek().text)) != std::end(kOrders)) {
      op = tokens_.Next().text;
    } else if (tokens_.SkipName("in")) {
      op = "in";
    } else if (tokens_.SeesName("not") && tokens_.peek(1).kind == TokenKind::kName &&
               tokens_.peek(1).text == "in") {
      tokens_.Next();
      tokens_.Next();
      op = "not in";
    } else {
      break;
    }
    ASSIGN_OR_RETURN(ExprPtr operand, ParseSum());
    height = std::max(height, HeightOf(operand));
    comparison.rest.emplace_back(std::move(op), std::move(operand));
  }
  if (comparison.rest.empty()) {
    return first;
  }
  comparison.first = std::move(first);
  return MakeExpr(line, height, std::move(comparison));
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseSum() {
  return ParseChain({"+", "-"}, &ExpressionParser::ParseConcatenation);
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseConcatenation() {
  return ParseChain({"~"}, &ExpressionParser::ParseProduct);
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseProduct() {
  return ParseChain({"*", "/", "//", "%"}, &ExpressionParser::ParsePower);
}

absl::StatusOr<ExprPtr> ExpressionParser::ParsePower() {
  ASSIGN_OR_RETURN(ExprPtr left, ParseUnary());
  while (tokens_.SeesOperator("**")) {
    const int line = tokens_.Next().line;
    ASSIGN_OR_RETURN(ExprPtr right, ParseUnary());
    const int height = std::max(HeightOf(left), HeightOf(right));
    ASSIGN_OR_RETURN(left, MakeExpr(line, height, Binary{"**", std::move(left), std::move(right)}));
  }
  return left;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseUnary(bool with_filters) {
  ExprPtr expr;
  if (tokens_.SeesOperator("-") || tokens_.SeesOperator("+")) {
    Token op = tokens_.Next();
    if (++depth_ > kMaxDepth) {
      return SyntaxError(op.line, "an expression nests too deeply");
    }
    ASSIGN_OR_RETURN(ExprPtr operand, ParseUnary(false));
    --depth_;
    const int height = HeightOf(operand);
    ASSIGN_OR_RETURN(expr, MakeExpr(op.line, height, Unary{std::move(op.text), std::move(operand)}));
  } else {
    ASSIGN_OR_RETURN(expr, ParsePrimary());
  }
  ASSIGN_OR_RETURN(expr, ParsePostfix(std::move(expr)));
  return with_filters ? ParseFiltersAndTests(std::move(expr)) : std::move(expr);
}

}  // namespace bitnet::jinja

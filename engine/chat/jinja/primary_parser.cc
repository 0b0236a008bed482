// Expressions: what operators stand between.
#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/charconv.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/expression_parser.h"
#include "engine/chat/jinja/make_expr.h"

namespace bitnet::jinja {

absl::StatusOr<ExprPtr> ExpressionParser::ParsePrimary() {
  switch (tokens_.peek().kind) {
    case TokenKind::kName:
      return ParseName();
    case TokenKind::kString:
      return ParseString();
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return ParseNumber();
    default:
      break;
  }
  if (tokens_.SeesOperator("(")) return ParseParentheses();
  if (tokens_.SeesOperator("[")) return ParseList();
  if (tokens_.SeesOperator("{")) return ParseDict();
  return tokens_.Unexpected("an expression");
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseName() {
  Token name = tokens_.Next();
  if (name.text == "true" || name.text == "True") {
    return MakeExpr(name.line, 0, Literal{Value::Bool(true)});
  }
  if (name.text == "false" || name.text == "False") {
    return MakeExpr(name.line, 0, Literal{Value::Bool(false)});
  }
  if (name.text == "none" || name.text == "None") {
    return MakeExpr(name.line, 0, Literal{Value::None()});
  }
  return MakeExpr(name.line, 0, Name{std::move(name.text)});
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseString() {
  const int line = tokens_.line();
  std::string text = tokens_.Next().text;
  while (tokens_.Sees(TokenKind::kString)) {  // As in Python, 'a' 'b' is 'ab'.
    text += tokens_.Next().text;
  }
  return MakeExpr(line, 0, Literal{Value::String(text)});
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseNumber() {
  const Token token = tokens_.Next();
  const char* const begin = token.text.data();
  const char* const end = begin + token.text.size();
  if (token.kind == TokenKind::kFloat) {
    double number = 0;
    // Abseil's: Apple's standard library has this one for whole numbers only.
    if (absl::from_chars(begin, end, number).ec != std::errc()) {
      return SyntaxError(token.line, token.text + " is no 64-bit number");
    }
    return MakeExpr(token.line, 0, Literal{Value::Float(number)});
  }
  int64_t number = 0;
  if (std::from_chars(begin, end, number).ec != std::errc()) {
    return SyntaxError(token.line, token.text + " is no 64-bit integer");
  }
  return MakeExpr(token.line, 0, Literal{Value::Int(number)});
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseParentheses() {
  const int line = tokens_.Next().line;
  if (tokens_.SkipOperator(")")) {
    return MakeExpr(line, 0, ListDisplay{.items = {}, .is_tuple = true});
  }
  ASSIGN_OR_RETURN(ExprPtr inner, ParseMany());
  RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
  return inner;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseList() {
  const int line = tokens_.Next().line;
  ListDisplay list{.items = {}, .is_tuple = false};
  int height = 0;
  while (!tokens_.SkipOperator("]")) {
    if (!list.items.empty()) {
      RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.SkipOperator("]")) {
        break;
      }
    }
    ASSIGN_OR_RETURN(ExprPtr item, Parse());
    height = std::max(height, HeightOf(item));
    list.items.push_back(std::move(item));
  }
  return MakeExpr(line, height, std::move(list));
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseDict() {
  const int line = tokens_.Next().line;
  DictDisplay dict;
  int height = 0;
  while (!tokens_.SkipOperator("}")) {
    if (!dict.items.empty()) {
      RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.SkipOperator("}")) {
        break;
      }
    }
    ASSIGN_OR_RETURN(ExprPtr key, Parse());
    RETURN_IF_ERROR(tokens_.ExpectOperator(":"));
    ASSIGN_OR_RETURN(ExprPtr value, Parse());
    height = std::max({height, HeightOf(key), HeightOf(value)});
    dict.items.emplace_back(std::move(key), std::move(value));
  }
  return MakeExpr(line, height, std::move(dict));
}

absl::StatusOr<ExprPtr> ExpressionParser::ParsePostfix(ExprPtr object) {
  while (true) {
    if (tokens_.SeesOperator(".")) {
      ASSIGN_OR_RETURN(object, ParseAttribute(std::move(object)));
    } else if (tokens_.SeesOperator("[")) {
      ASSIGN_OR_RETURN(object, ParseSubscript(std::move(object)));
    } else if (tokens_.SeesOperator("(")) {
      const int line = tokens_.line();
      ASSIGN_OR_RETURN(CallArguments arguments, ParseArguments());
      const int height = std::max(HeightOf(object), HeightOf(arguments));
      ASSIGN_OR_RETURN(object, MakeExpr(line, height, Call{std::move(object), std::move(arguments)}));
    } else {
      return object;
    }
  }
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseAttribute(ExprPtr object) {
  const int line = tokens_.Next().line;
  const int height = HeightOf(object);
  if (tokens_.Sees(TokenKind::kName)) {
    return MakeExpr(line, height, Attribute{std::move(object), tokens_.Next().text});
  }
  if (tokens_.Sees(TokenKind::kInteger)) {  // items.0
    ASSIGN_OR_RETURN(ExprPtr index, ParseNumber());
    return MakeExpr(line, height, Subscript{std::move(object), std::move(index)});
  }
  return tokens_.Unexpected("a name after '.'");
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseSubscript(ExprPtr object) {
  const int line = tokens_.Next().line;
  ExprPtr parts[3];
  size_t colons = 0;
  while (!tokens_.SeesOperator("]")) {
    if (tokens_.SkipOperator(":")) {
      if (++colons > 2) {
        return SyntaxError(line, "a slice has more than two ':'");
      }
      continue;
    }
    if (parts[colons] != nullptr) {
      return tokens_.Unexpected("':' or ']'");
    }
    ASSIGN_OR_RETURN(parts[colons], Parse());
  }
  RETURN_IF_ERROR(tokens_.ExpectOperator("]"));
  const int height = std::max({HeightOf(object), HeightOf(parts[0]), HeightOf(parts[1]), HeightOf(parts[2])});
  if (colons > 0) {
    return MakeExpr(line, height,
                    Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])});
  }
  if (parts[0] == nullptr) {
    return SyntaxError(line, "there is nothing between '[' and ']'");
  }
  return MakeExpr(line, height, Subscript{std::move(object), std::move(parts[0])});
}

absl::StatusOr<CallArguments> ExpressionParser::ParseArguments() {
  RETURN_IF_ERROR(tokens_.ExpectOperator("("));
  CallArguments arguments;
  bool first = true;
  while (!tokens_.SkipOperator(")")) {
    if (!std::exchange(first, false)) {
      RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.SkipOperator(")")) {
        break;
      }
    }
    if (tokens_.Sees(TokenKind::kName) && tokens_.peek(1).kind == TokenKind::kOperator &&
        tokens_.peek(1).text == "=") {
      std::string name = tokens_.Next().text;
      tokens_.Next();
      ASSIGN_OR_RETURN(ExprPtr value, Parse());
      arguments.named.emplace_back(std::move(name), std::move(value));
      continue;
    }
    if (!arguments.named.empty()) {
      return tokens_.Unexpected("an argument's name");
    }
    ASSIGN_OR_RETURN(ExprPtr value, Parse());
    arguments.positional.push_back(std::move(value));
  }
  return arguments;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseFiltersAndTests(ExprPtr input) {
  while (true) {
    if (tokens_.SkipOperator("|")) {
      ASSIGN_OR_RETURN(input, ParseFilter(std::move(input)));
    } else if (tokens_.SkipName("is")) {
      ASSIGN_OR_RETURN(input, ParseTest(std::move(input)));
    } else if (tokens_.SeesOperator("(")) {  // What a filter gives may be called.
      ASSIGN_OR_RETURN(input, ParsePostfix(std::move(input)));
    } else {
      return input;
    }
  }
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseFilter(ExprPtr input) {
  if (!tokens_.Sees(TokenKind::kName)) {
    return tokens_.Unexpected("a filter's name");
  }
  Token name = tokens_.Next();
  CallArguments arguments;
  if (tokens_.SeesOperator("(")) {
    ASSIGN_OR_RETURN(arguments, ParseArguments());
  }
  const int height = std::max(HeightOf(input), HeightOf(arguments));
  return MakeExpr(name.line, height, Filter{std::move(input), std::move(name.text), std::move(arguments)});
}

absl::StatusOr<std::vector<ExprPtr>> ExpressionParser::ParseFilters() {
  std::vector<ExprPtr> filters;
  do {
    ASSIGN_OR_RETURN(ExprPtr filter, ParseFilter(nullptr));
    filters.push_back(std::move(filter));
  } while (tokens_.SkipOperator("|"));
  return filters;
}

absl::StatusOr<ExprPtr> ExpressionParser::ParseTest(ExprPtr input) {
  const bool negated = tokens_.SkipName("not");
  if (!tokens_.Sees(TokenKind::kName)) {
    return tokens_.Unexpected("a test's name");
  }
  Token name = tokens_.Next();
  CallArguments arguments;
  const auto begins_argument = [&] {
    const Token& next = tokens_.peek();
    if (next.kind == TokenKind::kName) {
      constexpr std::string_view kOther[] = {"else", "or", "and", "if", "is", "in", "not"};
      return std::ranges::find(kOther, std::string_view(next.text)) == std::end(kOther);
    }
    return next.kind == TokenKind::kString || next.kind == TokenKind::kInteger ||
           next.kind == TokenKind::kFloat || tokens_.SeesOperator("[") || tokens_.SeesOperator("{");
  };
  if (tokens_.SeesOperator("(")) {
    ASSIGN_OR_RETURN(arguments, ParseArguments());
  } else if (begins_argument()) {
    ASSIGN_OR_RETURN(ExprPtr argument, ParsePrimary());
    ASSIGN_OR_RETURN(argument, ParsePostfix(std::move(argument)));
    arguments.positional.push_back(std::move(argument));
  }
  const int height = std::max(HeightOf(input), HeightOf(arguments));
  return MakeExpr(name.line, height,
                  Test{std::move(input), std::move(name.text), std::move(arguments), negated});
}

}  // namespace bitnet::jinja

#include "engine/chat/jinja/parser.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/expression_parser.h"
#include "engine/chat/jinja/make_expr.h"
#include "engine/chat/jinja/token_stream.h"

namespace bitnet::jinja {
namespace {

constexpr int kMaxDepth = 100;  // Of blocks inside each other.

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  // Statements up to a block that begins with one of `ends`, whose name is then the next token, or without
  // `ends` up to the template's end.
  absl::StatusOr<Block> ParseBlock(std::initializer_list<std::string_view> ends) {
    if (++depth_ > kMaxDepth) {
      return SyntaxError(tokens_.line(), "blocks nest too deeply");
    }
    Block block;
    while (!tokens_.Sees(TokenKind::kEnd)) {
      const int line = tokens_.line();
      const TokenKind kind = tokens_.peek().kind;
      if (kind == TokenKind::kBlockBegin) {
        tokens_.Next();
        if (std::ranges::find(ends, std::string_view(tokens_.peek().text)) != ends.end()) {
          --depth_;
          return block;
        }
        RETURN_IF_ERROR(ParseTag(line, block));
      } else if (kind == TokenKind::kPrintBegin) {
        tokens_.Next();
        ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseMany());
        if (!tokens_.Sees(TokenKind::kPrintEnd)) {
          return tokens_.Unexpected("'}}'");
        }
        tokens_.Next();
        block.push_back({line, Print{std::move(value)}});
      } else {
        block.push_back({line, Output{Text(tokens_.Next().text, Origin::kTemplate)}});
      }
    }
    if (ends.size() > 0) {
      return tokens_.Unexpected(absl::StrCat("{% ", std::string(*(ends.end() - 1)), " %}"));
    }
    --depth_;
    return block;
  }

 private:
  using ParseStatement = absl::StatusOr<Statement> (Parser::*)(int line);
  struct Tag {
    std::string_view name;
    ParseStatement parse;
  };

  // After "{%".
  absl::Status ParseTag(int line, Block& block) {
    static constexpr Tag kTags[] = {
        {"if", &Parser::ParseIf},       {"for", &Parser::ParseFor},
        {"set", &Parser::ParseSet},     {"macro", &Parser::ParseMacro},
        {"call", &Parser::ParseCall},   {"filter", &Parser::ParseFilterBlock},
        {"with", &Parser::ParseWith},   {"generation", &Parser::ParseGeneration},
        {"break", &Parser::ParseBreak}, {"continue", &Parser::ParseContinue},
    };
    if (!tokens_.Sees(TokenKind::kName)) {
      return tokens_.Unexpected("a block's name");
    }
    const auto* const tag = std::ranges::find(kTags, std::string_view(tokens_.peek().text), &Tag::name);
    if (tag == std::end(kTags)) {
      return SyntaxError(line, absl::StrCat("block '", tokens_.peek().text, "' is not known here"));
    }
    tokens_.Next();
    ASSIGN_OR_RETURN(Statement statement, (this->*tag->parse)(line));
    block.push_back(std::move(statement));
    return absl::OkStatus();
  }

  absl::Status ParseEnd(std::string_view name) {
    RETURN_IF_ERROR(tokens_.ExpectName(name));
    // {% endmacro name %} repeats the name.
    if (name == "endmacro" && tokens_.Sees(TokenKind::kName)) {
      tokens_.Next();
    }
    return tokens_.ExpectBlockEnd();
  }

  // The rest of a tag, the body, and the tag that ends it.
  absl::StatusOr<Block> ParseBody(std::string_view end) {
    RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
    ASSIGN_OR_RETURN(Block body, ParseBlock({end}));
    RETURN_IF_ERROR(ParseEnd(end));
    return body;
  }

  absl::StatusOr<Statement> ParseIf(int line) {
    If statement;
    bool has_more = true;
    while (has_more) {
      ASSIGN_OR_RETURN(ExprPtr condition, expressions_.ParseMany());
      RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
      ASSIGN_OR_RETURN(Block body, ParseBlock({"elif", "else", "endif"}));
      statement.branches.push_back({std::move(condition), std::move(body)});
      has_more = tokens_.SkipName("elif");
    }
    if (tokens_.SkipName("else")) {
      RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
      ASSIGN_OR_RETURN(Block body, ParseBlock({"endif"}));
      statement.branches.push_back({nullptr, std::move(body)});
    }
    RETURN_IF_ERROR(ParseEnd("endif"));
    return Statement{line, std::move(statement)};
  }

  // a, or a, b.
  struct Targets {
    std::vector<std::string> names;
    bool unpacks = false;
  };
  absl::StatusOr<Targets> ParseTargets() {
    Targets targets;
    const bool in_parentheses = tokens_.SkipOperator("(");
    do {
      if (!targets.names.empty() && !tokens_.Sees(TokenKind::kName)) {
        break;  // "a," takes a single item apart.
      }
      if (!tokens_.Sees(TokenKind::kName)) {
        return tokens_.Unexpected("a variable's name");
      }
      targets.names.push_back(tokens_.Next().text);
    } while (tokens_.SkipOperator(",") && (targets.unpacks = true));
    if (in_parentheses) {
      RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
    }
    return targets;
  }

  absl::StatusOr<Statement> ParseFor(int line) {
    For loop;
    ASSIGN_OR_RETURN(Targets targets, ParseTargets());
    loop.targets = std::move(targets.names);
    loop.unpacks = targets.unpacks;
    RETURN_IF_ERROR(tokens_.ExpectName("in"));
    ASSIGN_OR_RETURN(loop.items, expressions_.ParseMany(/*with_conditional=*/false));
    if (tokens_.SkipName("if")) {
      ASSIGN_OR_RETURN(loop.condition, expressions_.Parse());
    }
    if (tokens_.SeesName("recursive")) {
      return SyntaxError(line, "recursive loops are not known here");
    }
    RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
    ++loops_;
    ASSIGN_OR_RETURN(loop.body, ParseBlock({"else", "endfor"}));
    --loops_;
    if (tokens_.SkipName("else")) {
      RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
      ASSIGN_OR_RETURN(loop.otherwise, ParseBlock({"endfor"}));
    }
    RETURN_IF_ERROR(ParseEnd("endfor"));
    return Statement{line, std::move(loop)};
  }

  absl::StatusOr<Statement> ParseSet(int line) {
    ASSIGN_OR_RETURN(Targets targets, ParseTargets());
    std::string attribute;
    if (!targets.unpacks && tokens_.SkipOperator(".")) {
      if (!tokens_.Sees(TokenKind::kName)) {
        return tokens_.Unexpected("a name after '.'");
      }
      attribute = tokens_.Next().text;
    }
    if (tokens_.SkipOperator("=")) {
      ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseMany());
      RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
      return Statement{
          line, Set{std::move(targets.names), targets.unpacks, std::move(attribute), std::move(value)}};
    }
    if (targets.unpacks) {
      return tokens_.Unexpected("'='");
    }
    SetBlock block{
        .target = std::move(targets.names[0]), .attribute = std::move(attribute), .filters = {}, .body = {}};
    if (tokens_.SkipOperator("|")) {
      ASSIGN_OR_RETURN(block.filters, expressions_.ParseFilters());
    }
    ASSIGN_OR_RETURN(block.body, ParseBody("endset"));
    return Statement{line, std::move(block)};
  }

  absl::StatusOr<std::vector<Parameter>> ParseParameters() {
    std::vector<Parameter> parameters;
    RETURN_IF_ERROR(tokens_.ExpectOperator("("));
    while (!tokens_.SkipOperator(")")) {
      if (!parameters.empty()) {
        RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      }
      if (!tokens_.Sees(TokenKind::kName)) {
        return tokens_.Unexpected("a parameter's name");
      }
      Parameter parameter{.name = tokens_.Next().text, .default_value = nullptr};
      if (tokens_.SkipOperator("=")) {
        ASSIGN_OR_RETURN(parameter.default_value, expressions_.Parse());
      }
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  absl::StatusOr<Statement> ParseMacro(int line) {
    if (!tokens_.Sees(TokenKind::kName)) {
      return tokens_.Unexpected("a macro's name");
    }
    Macro macro{.name = tokens_.Next().text, .parameters = {}, .body = {}};
    ASSIGN_OR_RETURN(macro.parameters, ParseParameters());
    ASSIGN_OR_RETURN(macro.body, ParseFunctionBody("endmacro"));
    return Statement{line, std::move(macro)};
  }

  // No {% break %} leads out of it.
  absl::StatusOr<Block> ParseFunctionBody(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    ASSIGN_OR_RETURN(Block body, ParseBody(end));
    loops_ = loops;
    return body;
  }

  absl::StatusOr<Statement> ParseCall(int line) {
    CallBlock block;
    block.caller.name = "caller";
    if (tokens_.SeesOperator("(")) {
      ASSIGN_OR_RETURN(block.caller.parameters, ParseParameters());
    }
    ASSIGN_OR_RETURN(block.call, expressions_.Parse());
    if (!std::holds_alternative<Call>(block.call->node)) {
      return SyntaxError(line, "{% call %} wants a call");
    }
    ASSIGN_OR_RETURN(block.caller.body, ParseFunctionBody("endcall"));
    return Statement{line, std::move(block)};
  }

  absl::StatusOr<Statement> ParseFilterBlock(int line) {
    FilterBlock block;
    ASSIGN_OR_RETURN(block.filters, expressions_.ParseFilters());
    ASSIGN_OR_RETURN(block.body, ParseFunctionBody("endfilter"));
    return Statement{line, std::move(block)};
  }

  absl::StatusOr<Statement> ParseWith(int line) {
    Scoped block;
    while (!tokens_.Sees(TokenKind::kBlockEnd)) {
      if (!block.variables.empty()) {
        RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      }
      if (!tokens_.Sees(TokenKind::kName)) {
        return tokens_.Unexpected("a variable's name");
      }
      std::string name = tokens_.Next().text;
      RETURN_IF_ERROR(tokens_.ExpectOperator("="));
      ASSIGN_OR_RETURN(ExprPtr value, expressions_.Parse());
      block.variables.emplace_back(std::move(name), std::move(value));
    }
    ASSIGN_OR_RETURN(block.body, ParseBody("endwith"));
    return Statement{line, std::move(block)};
  }

  // Marks what the assistant said, for training: nothing to us.
  absl::StatusOr<Statement> ParseGeneration(int line) {
    Scoped block;
    ASSIGN_OR_RETURN(block.body, ParseBody("endgeneration"));
    return Statement{line, std::move(block)};
  }

  absl::StatusOr<Statement> ParseBreak(int line) { return ParseLoopControl(line, "break", Break{}); }
  absl::StatusOr<Statement> ParseContinue(int line) { return ParseLoopControl(line, "continue", Continue{}); }

  template <typename Node>
  absl::StatusOr<Statement> ParseLoopControl(int line, std::string_view name, Node node) {
    if (loops_ == 0) {
      return SyntaxError(line, absl::StrCat("{% ", std::string(name), " %} stands in no loop"));
    }
    RETURN_IF_ERROR(tokens_.ExpectBlockEnd());
    return Statement{line, node};
  }

  TokenStream tokens_;
  ExpressionParser expressions_;  // Reads tokens_.
  int depth_ = 0;
  int loops_ = 0;  // Around what is parsed, up to the macro it is in.
};

}  // namespace

absl::StatusOr<Block> ParseTemplate(std::string_view source) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  return Parser(std::move(tokens)).ParseBlock({});
}

}  // namespace bitnet::jinja

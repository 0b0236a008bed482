// The tokens of a template, one after the other, for the parsers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/chat/jinja/lexer.h"

namespace bitnet::jinja {

class TokenStream {
 public:
  // `tokens` ends with kEnd.
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  int line() const { return peek().line; }
  // The end is never passed.
  Token Next() { return at_ + 1 < tokens_.size() ? std::move(tokens_[at_++]) : tokens_[at_]; }

  bool Sees(TokenKind kind) const { return peek().kind == kind; }
  bool SeesOperator(std::string_view op) const { return Sees(TokenKind::kOperator) && peek().text == op; }
  bool SeesName(std::string_view name) const { return Sees(TokenKind::kName) && peek().text == name; }

  bool SkipOperator(std::string_view op) { return SeesOperator(op) && Skip(); }
  bool SkipName(std::string_view name) { return SeesName(name) && Skip(); }

  absl::Status ExpectOperator(std::string_view op) {
    return SkipOperator(op) ? absl::OkStatus() : Unexpected(absl::StrCat("'", std::string(op), "'"));
  }
  absl::Status ExpectName(std::string_view name) {
    return SkipName(name) ? absl::OkStatus() : Unexpected(absl::StrCat("'", std::string(name), "'"));
  }
  absl::Status ExpectBlockEnd() {
    return Sees(TokenKind::kBlockEnd) && Skip() ? absl::OkStatus() : Unexpected("'%}'");
  }

  // What is here instead of `wanted`.
  absl::Status Unexpected(std::string_view wanted) const {
    return SyntaxError(line(), absl::StrCat(std::string(wanted), " was wanted, ", Found(), " was found"));
  }

 private:
  bool Skip() {
    Next();
    return true;
  }

  std::string Found() const {
    switch (peek().kind) {
      case TokenKind::kText:
        return "text";
      case TokenKind::kBlockBegin:
        return "'{%'";
      case TokenKind::kBlockEnd:
        return "'%}'";
      case TokenKind::kPrintBegin:
        return "'{{'";
      case TokenKind::kPrintEnd:
        return "'}}'";
      case TokenKind::kEnd:
        return "the template's end";
      case TokenKind::kString:
        return "a string";
      default:
        return absl::StrCat("'", peek().text, "'");
    }
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace bitnet::jinja

// Makes nodes of a limited height.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/lexer.h"
#include "engine/chat/jinja/syntax.h"

namespace bitnet::jinja {

constexpr int kMaxExprHeight = 150;

inline int HeightOf(const ExprPtr& expr) { return expr != nullptr ? expr->height : 0; }

inline int HeightOf(const CallArguments& arguments) {
  int height = 0;
  for (const ExprPtr& argument : arguments.positional) {
    height = std::max(height, HeightOf(argument));
  }
  for (const auto& [name, argument] : arguments.named) {
    height = std::max(height, HeightOf(argument));
  }
  return height;
}

// `height` is that of the highest part of `node`.
template <typename Node>
absl::StatusOr<ExprPtr> MakeExpr(int line, int height, Node node) {
  if (height >= kMaxExprHeight) {
    return SyntaxError(line, "an expression nests too deeply");
  }
  return ExprPtr(new Expr{line, height + 1, std::move(node)});
}

}  // namespace bitnet::jinja

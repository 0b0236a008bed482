#include "engine/grammar/grammar_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/grammar/grammar_builder.h"
#include "engine/grammar/text_cursor.h"

namespace bitnet {
namespace {

using Expr = GrammarBuilder::Expr;
using Rule = GrammarBuilder::Rule;

bool IsNameChar(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; }

class GrammarTextParser {
 public:
  explicit GrammarTextParser(std::string_view text) : cursor_(text) {}

  absl::StatusOr<Grammar> Parse() {
    SkipSpace();
    while (!cursor_.at_end()) {
      const size_t at = cursor_.position();
      if (!AtRule()) {
        return cursor_.Error("a rule, \"name ::=\", is wanted");
      }
      const Rule rule = RuleCalled(TakeName(), at);
      if (builder_.IsDefined(rule)) {
        return TextCursor::ErrorAt(at, "this rule is defined already");
      }
      SkipSpace();
      cursor_.Take("::=");
      SkipSpace();
      ASSIGN_OR_RETURN(const Expr expr, Alternatives(0));
      builder_.Define(rule, expr);
    }
    for (const auto& [name, use] : rules_) {
      if (!builder_.IsDefined(use.rule)) {
        return TextCursor::ErrorAt(use.first_at, absl::StrCat("there is no rule called ", name));
      }
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) {
      return absl::InvalidArgumentError("there is no rule called root");
    }
    return builder_.Build(root->second.rule);
  }

 private:
  struct Use {
    Rule rule;
    size_t first_at;
  };

  void SkipSpace() {
    for (; !cursor_.at_end(); cursor_.Next()) {
      if (cursor_.Peek() == '#') {
        const size_t end = cursor_.rest().find('\n');
        cursor_.set_position(cursor_.position() +
                             (end == std::string_view::npos ? cursor_.rest().size() : end));
        if (cursor_.at_end()) {
          return;
        }
      } else if (cursor_.Peek() > ' ' || !absl::ascii_isspace(static_cast<char>(cursor_.Peek()))) {
        return;
      }
    }
  }

  std::string TakeName() {
    std::string name;
    while (!cursor_.at_end() && IsNameChar(cursor_.rest()[0])) {
      name += static_cast<char>(cursor_.Next());
    }
    return name;
  }

  // Whether "name ::=" comes next.
  bool AtRule() {
    const size_t at = cursor_.position();
    const bool has_name = !TakeName().empty();
    SkipSpace();
    const bool result = has_name && cursor_.rest().starts_with("::=");
    cursor_.set_position(at);
    return result;
  }

  Rule RuleCalled(const std::string& name, size_t at) {
    const auto [use, is_new] = rules_.try_emplace(name, Use{0, at});
    if (is_new) {
      use->second.rule = builder_.AddRule(name);
    }
    return use->second.rule;
  }

  absl::StatusOr<Expr> Alternatives(int nesting) {
    if (nesting > kMaxGrammarNesting) {
      return cursor_.Error(absl::StrFormat("groups are nested more than %d deep", kMaxGrammarNesting));
    }
    std::vector<Expr> alternatives;
    do {
      SkipSpace();
      std::vector<Expr> parts;
      while (!cursor_.at_end() && cursor_.Peek() != '|' && cursor_.Peek() != ')' && !AtRule()) {
        ASSIGN_OR_RETURN(const Expr part, Part(nesting));
        parts.push_back(part);
        SkipSpace();
      }
      alternatives.push_back(builder_.Sequence(std::move(parts)));
    } while (cursor_.Take("|"));
    if (nesting == 0 && cursor_.Peek() == ')') {
      return cursor_.Error("there is no ( for this )");
    }
    return builder_.Choice(std::move(alternatives));
  }

  absl::StatusOr<Expr> Part(int nesting) {
    ASSIGN_OR_RETURN(Expr expr, Item(nesting));
    while (true) {
      SkipSpace();
      if (cursor_.Take("*")) {
        expr = builder_.Repeat(expr, 0, std::nullopt);
      } else if (cursor_.Take("+")) {
        expr = builder_.Repeat(expr, 1, std::nullopt);
      } else if (cursor_.Take("?")) {
        expr = builder_.Optional(expr);
      } else if (cursor_.Take("{")) {
        ASSIGN_OR_RETURN(expr, Counted(expr));
      } else {
        return expr;
      }
    }
  }

  absl::StatusOr<Expr> Counted(Expr expr) {
    SkipSpace();
    ASSIGN_OR_RETURN(const uint32_t min, cursor_.Number(kMaxRepetitions));
    std::optional<uint32_t> max = min;
    SkipSpace();
    if (cursor_.Take(",")) {
      SkipSpace();
      max.reset();
      if (cursor_.Peek() != '}') {
        ASSIGN_OR_RETURN(max, cursor_.Number(kMaxRepetitions));
        SkipSpace();
      }
    }
    if (max.has_value() && *max < min) {
      return cursor_.Error("the upper number of {n,m} is below the lower one");
    }
    if (!cursor_.Take("}")) {
      return cursor_.Error("} is wanted");
    }
    return builder_.Repeat(expr, min, max);
  }

  absl::StatusOr<Expr> Item(int nesting) {
    const size_t at = cursor_.position();
    if (cursor_.Take("\"")) {
      return QuotedText(at);
    }
    if (cursor_.Take("[")) {
      return CharClass(at);
    }
    if (cursor_.Take(".")) {
      return builder_.Chars(CodePoints().Complement());
    }
    if (cursor_.Take("(")) {
      ASSIGN_OR_RETURN(const Expr expr, Alternatives(nesting + 1));
      if (!cursor_.Take(")")) {
        return TextCursor::ErrorAt(at, "there is no ) for this (");
      }
      return expr;
    }
    const std::string name = TakeName();
    if (name.empty()) {
      return cursor_.Error("\"text\", a [class], a rule's name or a (group) is wanted");
    }
    return builder_.Call(RuleCalled(name, at));
  }

  absl::StatusOr<Expr> QuotedText(size_t begin) {
    std::string text;
    while (!cursor_.at_end()) {
      if (cursor_.Take("\"")) {
        return builder_.Literal(text);
      }
      ASSIGN_OR_RETURN(const char32_t c, Char());
      AppendUtf8(c, text);
    }
    return TextCursor::ErrorAt(begin, "this text has no closing \"");
  }

  absl::StatusOr<Expr> CharClass(size_t begin) {
    CodePoints chars;
    const bool negated = cursor_.Take("^");
    while (!cursor_.at_end()) {
      if (cursor_.Take("]")) {
        return builder_.Chars(negated ? chars.Complement() : chars);
      }
      CodePointRange range;
      ASSIGN_OR_RETURN(range.first, Char());
      range.last = range.first;
      if (cursor_.rest().size() > 1 && cursor_.rest()[0] == '-' && cursor_.rest()[1] != ']') {
        cursor_.Take("-");
        ASSIGN_OR_RETURN(range.last, Char());
      }
      if (range.last < range.first) {
        return cursor_.Error("the range before this ends below its beginning");
      }
      chars.Add(range);
    }
    return TextCursor::ErrorAt(begin, "this class has no closing ]");
  }

  absl::StatusOr<char32_t> Char() {
    if (!cursor_.Take("\\")) {
      return cursor_.Next();
    }
    const char32_t c = cursor_.Peek();
    switch (cursor_.Next()) {
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case 'x':
        return cursor_.Hex(2);
      case 'u':
        return cursor_.Hex(4);
      case 'U':
        return cursor_.Hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return c;
      default:
        return cursor_.Error("the escape before this is not known");
    }
  }

  TextCursor cursor_;
  GrammarBuilder builder_;
  absl::flat_hash_map<std::string, Use> rules_;
};

}  // namespace

absl::StatusOr<Grammar> CompileGrammarText(std::string_view text) {
  RETURN_IF_ERROR(CheckGrammarText(text));
  if (const size_t valid = ValidUtf8Prefix(text); valid < text.size()) {
    return TextCursor::ErrorAt(valid, "this is not UTF-8");
  }
  return GrammarTextParser(text).Parse();
}

}  // namespace bitnet

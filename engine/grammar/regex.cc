#include "engine/grammar/regex.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "engine/grammar/regex_class.h"
#include "engine/grammar/text_cursor.h"

namespace bitnet {
namespace {

using Expr = GrammarBuilder::Expr;

bool IsAsciiLetter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class RegexParser {
 public:
  RegexParser(std::string_view regex, bool whole, WriteChars write, GrammarBuilder& builder)
      : cursor_(regex), whole_(whole), write_(write), builder_(builder) {}

  absl::StatusOr<Expr> Parse() {
    std::vector<Expr> alternatives;
    do {
      const bool begins = cursor_.Take("^");
      ASSIGN_OR_RETURN(Expr expr, Sequence(0));
      const bool ends = cursor_.Take("$");
      if (!whole_) {
        expr = builder_.Sequence(
            {begins ? builder_.Empty() : Anything(), expr, ends ? builder_.Empty() : Anything()});
      }
      alternatives.push_back(expr);
    } while (cursor_.Take("|"));
    if (!cursor_.at_end()) {
      return cursor_.Error(cursor_.Peek() == ')' ? "there is no ( for this )"
                                                 : "$ is possible at the end of the expression only");
    }
    return builder_.Choice(std::move(alternatives));
  }

 private:
  Expr Anything() { return builder_.Repeat(write_(CodePoints().Complement()), 0, std::nullopt); }

  absl::StatusOr<Expr> Group(int nesting) {
    if (nesting > kMaxGrammarNesting) {
      return cursor_.Error(absl::StrFormat("groups are nested more than %d deep", kMaxGrammarNesting));
    }
    std::vector<Expr> alternatives;
    do {
      ASSIGN_OR_RETURN(const Expr expr, Sequence(nesting));
      alternatives.push_back(expr);
    } while (cursor_.Take("|"));
    return builder_.Choice(std::move(alternatives));
  }

  // Ends before |, ), $ and at the end.
  absl::StatusOr<Expr> Sequence(int nesting) {
    std::vector<Expr> parts;
    while (!cursor_.at_end() && cursor_.Peek() != '|' && cursor_.Peek() != ')' && cursor_.Peek() != '$') {
      ASSIGN_OR_RETURN(const Expr item, Item(nesting));
      ASSIGN_OR_RETURN(const Expr part, Repeated(item));
      parts.push_back(part);
    }
    return builder_.Sequence(std::move(parts));
  }

  absl::StatusOr<Expr> Item(int nesting) {
    const size_t at = cursor_.position();
    switch (cursor_.Peek()) {
      case '(': {
        RETURN_IF_ERROR(OpenGroup());
        ASSIGN_OR_RETURN(const Expr expr, Group(nesting + 1));
        if (cursor_.Peek() == '$') {
          return cursor_.Error("$ is possible outside of groups only");
        }
        if (!cursor_.Take(")")) {
          return TextCursor::ErrorAt(at, "there is no ) for this (");
        }
        return expr;
      }
      case '.':
        cursor_.Next();
        return write_(CodePoints({{'\n', '\n'}, {'\r', '\r'}}).Complement());
      case '[': {
        ASSIGN_OR_RETURN(const CodePoints chars, ReadRegexClass(cursor_));
        return write_(chars);
      }
      case '\\': {
        ASSIGN_OR_RETURN(const CodePoints chars, ReadRegexEscape(cursor_));
        return write_(chars);
      }
      case '*':
      case '+':
      case '?':
      case '{':
        return cursor_.Error("there is nothing to repeat here; as a character it takes a backslash");
      case '^':
        return cursor_.Error("^ is possible at the beginning of the expression only");
      default: {
        const char32_t c = cursor_.Next();
        return write_({{c, c}});
      }
    }
  }

  absl::Status OpenGroup() {
    cursor_.Take("(");
    if (!cursor_.Take("?") || cursor_.Take(":")) {
      return absl::OkStatus();
    }
    cursor_.Take("P");
    if (!cursor_.Take("<") || !IsAsciiLetter(cursor_.Peek())) {
      return cursor_.Error("groups can be (...), (?:...) and (?<name>...)");
    }
    while (IsAsciiLetter(cursor_.Peek()) || (cursor_.Peek() >= '0' && cursor_.Peek() <= '9')) {
      cursor_.Next();
    }
    return cursor_.Take(">") ? absl::OkStatus() : cursor_.Error("> is wanted after the group's name");
  }

  absl::StatusOr<Expr> Repeated(Expr expr) {
    uint32_t min = 0;
    std::optional<uint32_t> max;
    if (cursor_.Take("*")) {
    } else if (cursor_.Take("+")) {
      min = 1;
    } else if (cursor_.Take("?")) {
      max = 1;
    } else if (cursor_.Take("{")) {
      ASSIGN_OR_RETURN(min, cursor_.Number(kMaxRepetitions));
      max = min;
      if (cursor_.Take(",")) {
        max.reset();
        if (cursor_.Peek() != '}') {
          ASSIGN_OR_RETURN(max, cursor_.Number(kMaxRepetitions));
        }
      }
      if (!cursor_.Take("}")) {
        return cursor_.Error("} is wanted");
      }
      if (max.has_value() && *max < min) {
        return cursor_.Error("the upper number of {n,m} is below the lower one");
      }
    } else {
      return expr;
    }
    cursor_.Take("?");
    if (const char32_t next = cursor_.Peek(); next == '*' || next == '+' || next == '?' || next == '{') {
      return cursor_.Error("a repetition cannot be repeated without a group");
    }
    return builder_.Repeat(expr, min, max);
  }

  TextCursor cursor_;
  const bool whole_;
  WriteChars write_;
  GrammarBuilder& builder_;
};

}  // namespace

absl::StatusOr<Expr> ParseRegex(std::string_view regex, bool whole, WriteChars write,
                                GrammarBuilder& builder) {
  if (const size_t valid = ValidUtf8Prefix(regex); valid < regex.size()) {
    return TextCursor::ErrorAt(valid, "this is not UTF-8");
  }
  return RegexParser(regex, whole, write, builder).Parse();
}

absl::StatusOr<Grammar> CompileRegex(std::string_view regex) {
  RETURN_IF_ERROR(CheckGrammarText(regex));
  GrammarBuilder builder;
  ASSIGN_OR_RETURN(const Expr expr,
                   ParseRegex(
                       regex, true, [&](const CodePoints& c) { return builder.Chars(c); }, builder));
  const GrammarBuilder::Rule root = builder.AddRule("root");
  builder.Define(root, expr);
  return builder.Build(root);
}

}  // namespace bitnet

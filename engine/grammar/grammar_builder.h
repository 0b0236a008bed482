// Puts a grammar together from expressions; all compilers of this folder end here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/grammar/code_points.h"
#include "engine/grammar/grammar.h"

namespace bitnet {

// Expressions are made from the inside out and can be used any number of times. Those that would exceed a
// limit become Nothing, and Build says so.
class GrammarBuilder {
 public:
  using Expr = uint32_t;
  using Rule = uint32_t;

  GrammarBuilder();

  Expr Nothing() const { return kNothing; }  // Matches nothing at all, not even the empty text.
  Expr Empty() const { return kEmpty; }      // Matches the empty text.
  Expr Bytes(const ByteSet& set);            // One byte.
  Expr Literal(std::string_view bytes);
  Expr AnyLiteral(std::vector<std::string> literals);  // One of them; what they begin with is shared.
  Expr Chars(const CodePoints& chars);                 // One character, in UTF-8.
  Expr Sequence(std::vector<Expr> parts);
  Expr Choice(std::vector<Expr> alternatives);
  Expr Repeat(Expr expr, uint32_t min, std::optional<uint32_t> max);
  Expr Optional(Expr expr) { return Choice({expr, kEmpty}); }

  // A rule may be called before it is defined, also by itself. `name` is for messages.
  Rule AddRule(std::string name);
  void Define(Rule rule, Expr expr) { rules_[rule].expr = expr; }
  Expr Call(Rule rule);
  bool IsDefined(Rule rule) const { return rules_[rule].expr.has_value(); }
  size_t num_rules() const { return rules_.size(); }

  // All that texts which `root` matches can be. INVALID_ARGUMENT: a limit is exceeded, a rule begins with
  // itself, or nothing can ever match; the message names the rule. All rules that are called are defined.
  absl::StatusOr<Grammar> Build(Rule root) const;

 private:
  friend class GrammarLowering;

  static constexpr Expr kNothing = 0;
  static constexpr Expr kEmpty = 1;
  enum class Kind : uint8_t { kBytes, kCall, kSequence, kChoice, kRepeat };
  struct Node {
    Kind kind;
    uint32_t value;  // Set, rule, first of children, or what is repeated.
    uint32_t min;    // Number of children, or repetitions.
    uint32_t max;    // Of repetitions; kUnlimited.
    uint32_t size;   // Of grammar nodes it becomes, about.
  };
  struct NamedRule {
    std::string name;
    std::optional<Expr> expr;
  };
  static constexpr uint32_t kUnlimited = ~uint32_t{0};

  Expr Add(Node node);
  Expr AnyLiteralFrom(std::span<const std::string> sorted, size_t at);  // Which have `at` bytes in common.
  Expr AddParent(Kind kind, const std::vector<Expr>& children);
  void Exceed(std::string what);

  std::vector<Node> exprs_;
  std::vector<Expr> children_;
  std::vector<ByteSet> sets_;
  absl::flat_hash_map<std::string, uint32_t> set_ids_;
  std::vector<NamedRule> rules_;
  std::string exceeded_;  // The first limit that was; "": none.
};

}  // namespace bitnet

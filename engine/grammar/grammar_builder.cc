#include "engine/grammar/grammar_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

constexpr size_t kMaxExprs = 4 * kMaxGrammarNodes;  // Many become no node of their own.
// A repeated group becomes a rule of its own unless its copies are this few nodes.
constexpr uint64_t kMaxInlineNodes = 16;

std::string EncodeUtf8(char32_t c) {
  std::string bytes;
  AppendUtf8(c, bytes);
  return bytes;
}

// Splits characters into ranges whose UTF-8 is a range in each byte, independently, and gives their first and
// last characters' bytes to `take`.
template <typename Take>
void SplitIntoByteRanges(char32_t first, char32_t last, const Take& take) {
  for (const char32_t longest : {0x7F, 0x7FF, 0xFFFF}) {
    if (first <= longest && longest < last) {
      SplitIntoByteRanges(first, longest, take);
      SplitIntoByteRanges(longest + 1, last, take);
      return;
    }
  }
  const std::string begin = EncodeUtf8(first);
  for (size_t i = 1; i < begin.size(); ++i) {
    const char32_t tail = (char32_t{1} << 6 * i) - 1;
    if ((first & ~tail) == (last & ~tail)) {
      continue;
    }
    if ((first & tail) != 0) {
      SplitIntoByteRanges(first, first | tail, take);
      SplitIntoByteRanges((first | tail) + 1, last, take);
      return;
    }
    if ((last & tail) != tail) {
      SplitIntoByteRanges(first, (last & ~tail) - 1, take);
      SplitIntoByteRanges(last & ~tail, last, take);
      return;
    }
  }
  take(begin, EncodeUtf8(last));
}

ByteSet ByteRange(uint8_t first, uint8_t last) {
  ByteSet set;
  for (int byte = first; byte <= last; ++byte) {
    set.set(byte);
  }
  return set;
}

}  // namespace

GrammarBuilder::GrammarBuilder() {
  exprs_.push_back({Kind::kChoice, 0, 0, 0, 1});    // kNothing
  exprs_.push_back({Kind::kSequence, 0, 0, 0, 0});  // kEmpty
}

void GrammarBuilder::Exceed(std::string what) {
  if (exceeded_.empty()) {
    exceeded_ = std::move(what);
  }
}

GrammarBuilder::Expr GrammarBuilder::Add(Node node) {
  if (exprs_.size() >= kMaxExprs) {
    Exceed(absl::StrFormat("it has more than %d parts", kMaxExprs));
    return kNothing;
  }
  exprs_.push_back(node);
  return static_cast<Expr>(exprs_.size() - 1);
}

GrammarBuilder::Expr GrammarBuilder::AddParent(Kind kind, const std::vector<Expr>& children) {
  const auto begin = static_cast<uint32_t>(children_.size());
  uint64_t size = kind == Kind::kChoice ? 1 : 0;
  for (Expr child : children) {
    size += exprs_[child].size;
  }
  if (children_.size() + children.size() > kMaxExprs) {
    Exceed(absl::StrFormat("it has more than %d parts", kMaxExprs));
    return kNothing;
  }
  children_.insert(children_.end(), children.begin(), children.end());
  return Add({kind, begin, static_cast<uint32_t>(children.size()), 0,
              static_cast<uint32_t>(std::min<uint64_t>(size, kMaxGrammarNodes))});
}

GrammarBuilder::Expr GrammarBuilder::Bytes(const ByteSet& set) {
  if (set.none()) {
    return kNothing;
  }
  const auto [at, is_new] = set_ids_.try_emplace(set.to_string(), static_cast<uint32_t>(sets_.size()));
  if (is_new) {
    sets_.push_back(set);
  }
  return Add({Kind::kBytes, at->second, 0, 0, 1});
}

GrammarBuilder::Expr GrammarBuilder::Literal(std::string_view bytes) {
  std::vector<Expr> parts;
  for (char c : bytes) {
    parts.push_back(Bytes(ByteSet().set(static_cast<uint8_t>(c))));
  }
  return Sequence(std::move(parts));
}

GrammarBuilder::Expr GrammarBuilder::AnyLiteral(std::vector<std::string> literals) {
  std::ranges::sort(literals);
  return AnyLiteralFrom(literals, 0);
}

GrammarBuilder::Expr GrammarBuilder::AnyLiteralFrom(std::span<const std::string> sorted, size_t at) {
  size_t common = sorted.empty() ? at : sorted.front().size();
  if (!sorted.empty()) {
    const std::string& last = sorted.back();
    common = std::ranges::mismatch(sorted.front(), last).in1 - sorted.front().begin();
  }
  std::vector<Expr> alternatives;
  for (size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    if (sorted[begin].size() == common) {
      alternatives.push_back(kEmpty);
      end = begin + 1;
      continue;
    }
    while (end < sorted.size() && sorted[end][common] == sorted[begin][common]) {
      ++end;
    }
    const auto group = sorted.subspan(begin, end - begin);
    alternatives.push_back(group.size() == 1 ? Literal(std::string_view(group[0]).substr(common))
                                             : AnyLiteralFrom(group, common));
  }
  const Expr rest = Choice(std::move(alternatives));
  return sorted.empty() ? kNothing
                        : Sequence({Literal(std::string_view(sorted[0]).substr(at, common - at)), rest});
}

GrammarBuilder::Expr GrammarBuilder::Chars(const CodePoints& chars) {
  ByteSet single;
  std::vector<Expr> alternatives;
  for (const CodePointRange& range : chars.ranges()) {
    SplitIntoByteRanges(range.first, range.last, [&](const std::string& first, const std::string& last) {
      if (first.size() == 1) {
        single |= ByteRange(first[0], last[0]);
        return;
      }
      std::vector<Expr> bytes;
      for (size_t i = 0; i < first.size(); ++i) {
        bytes.push_back(Bytes(ByteRange(first[i], last[i])));
      }
      alternatives.push_back(Sequence(std::move(bytes)));
    });
  }
  alternatives.push_back(Bytes(single));
  return Choice(std::move(alternatives));
}

GrammarBuilder::Expr GrammarBuilder::Sequence(std::vector<Expr> parts) {
  if (std::ranges::find(parts, kNothing) != parts.end()) {
    return kNothing;
  }
  std::erase(parts, kEmpty);
  if (parts.size() == 1) {
    return parts[0];
  }
  return parts.empty() ? kEmpty : AddParent(Kind::kSequence, parts);
}

GrammarBuilder::Expr GrammarBuilder::Choice(std::vector<Expr> alternatives) {
  std::erase(alternatives, kNothing);
  if (alternatives.size() == 1) {
    return alternatives[0];
  }
  return alternatives.empty() ? kNothing : AddParent(Kind::kChoice, alternatives);
}

GrammarBuilder::Expr GrammarBuilder::Repeat(Expr expr, uint32_t min, std::optional<uint32_t> max) {
  if (min > kMaxRepetitions || max.value_or(0) > kMaxRepetitions) {
    Exceed(absl::StrFormat("something is repeated %d times; %d are possible", std::max(min, max.value_or(0)),
                           kMaxRepetitions));
    return kNothing;
  }
  if (max.has_value() && *max < min) {
    return kNothing;
  }
  if (expr == kNothing) {
    return min == 0 ? kEmpty : kNothing;
  }
  if (expr == kEmpty || max == 0) {
    return kEmpty;
  }
  if (min == 1 && max == 1) {
    return expr;
  }
  const uint64_t copies = max.has_value() ? *max : uint64_t{min} + 1;
  if (copies > 1 && copies * exprs_[expr].size > kMaxInlineNodes && exprs_[expr].size > 1) {
    const Rule rule = AddRule("of a repeated group");
    Define(rule, expr);
    expr = Call(rule);
  }
  const uint64_t size = copies * (uint64_t{exprs_[expr].size} + 1);
  return Add({Kind::kRepeat, expr, min, max.value_or(kUnlimited),
              static_cast<uint32_t>(std::min<uint64_t>(size, kMaxGrammarNodes))});
}

GrammarBuilder::Rule GrammarBuilder::AddRule(std::string name) {
  if (rules_.size() >= kMaxGrammarRules) {
    Exceed(absl::StrFormat("it has more than %d rules", kMaxGrammarRules));
    return 0;
  }
  rules_.push_back({std::move(name), std::nullopt});
  return static_cast<Rule>(rules_.size() - 1);
}

GrammarBuilder::Expr GrammarBuilder::Call(Rule rule) { return Add({Kind::kCall, rule, 0, 0, 1}); }

}  // namespace bitnet

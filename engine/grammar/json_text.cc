#include "engine/grammar/json_text.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

constexpr uint32_t kMaxIndent = 20;
constexpr uint32_t kMaxIntegerDigits = 18;  // Below 2^63.
constexpr uint32_t kMaxFractionDigits = 15;
constexpr uint32_t kMaxExponentDigits = 2;
// Keys that share more characters than this with one of `others` are excluded with it.
constexpr int kMaxKeyLength = 256;

ByteSet BytesOf(std::string_view bytes) {
  ByteSet set;
  for (char c : bytes) {
    set.set(static_cast<uint8_t>(c));
  }
  return set;
}

// Characters that stand for themselves in a string.
CodePoints PlainChars() { return CodePoints({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}).Complement(); }

}  // namespace

JsonText::JsonText(GrammarBuilder* builder) : builder_(builder) {
  const Expr indent = builder_->Repeat(builder_->Bytes(BytesOf(" \t")), 0, kMaxIndent);
  const GrammarBuilder::Rule space = builder_->AddRule("white space");
  builder_->Define(space, builder_->Choice({builder_->Empty(), builder_->Literal(" "),
                                            builder_->Sequence({builder_->Literal("\n"), indent})}));
  space_ = builder_->Call(space);
}

JsonText::Expr JsonText::OneRule(std::optional<GrammarBuilder::Rule>& rule, std::string_view name,
                                 Expr (JsonText::*make)()) {
  if (!rule.has_value()) {
    rule = builder_->AddRule(std::string(name));
    builder_->Define(*rule, (this->*make)());
  }
  return builder_->Call(*rule);
}

JsonText::Expr JsonText::Any() { return OneRule(any_, "any value", &JsonText::MakeAny); }
JsonText::Expr JsonText::AnyObject() { return OneRule(object_, "any object", &JsonText::MakeObject); }
JsonText::Expr JsonText::AnyArray() { return OneRule(array_, "any array", &JsonText::MakeArray); }

JsonText::Expr JsonText::MakeAny() {
  return builder_->Choice({AnyObject(), AnyArray(), String(), Number(), Boolean(), Null()});
}

JsonText::Expr JsonText::MakeObject() {
  const Expr member = Member(String(), Any());
  const Expr members = builder_->Sequence({member, builder_->Repeat(AfterComma(member), 0, std::nullopt)});
  return builder_->Choice({builder_->Literal("{}"), Enclosed('{', members, '}')});
}

JsonText::Expr JsonText::MakeArray() {
  const Expr items = builder_->Sequence({Any(), builder_->Repeat(AfterComma(Any()), 0, std::nullopt)});
  return builder_->Choice({builder_->Literal("[]"), Enclosed('[', items, ']')});
}

JsonText::Expr JsonText::String(uint32_t min_length, std::optional<uint32_t> max_length) {
  if (min_length == 0 && !max_length.has_value()) {
    return OneRule(string_, "any string", &JsonText::MakeString);
  }
  const Expr quote = builder_->Literal("\"");
  const Expr one = OneRule(char_, "a string's character", &JsonText::MakeChar);
  return builder_->Sequence({quote, builder_->Repeat(one, min_length, max_length), quote});
}

JsonText::Expr JsonText::MakeString() {
  const Expr quote = builder_->Literal("\"");
  // Not the rule: a character is too common to be worth a call.
  return builder_->Sequence({quote, builder_->Repeat(MakeChar(), 0, std::nullopt), quote});
}

JsonText::Expr JsonText::MakeChar() {
  const Expr hex = builder_->Bytes(BytesOf("0123456789abcdefABCDEF"));
  // \uXXXX is a character but for surrogates, of which it takes two; those are written as themselves.
  const Expr basic = builder_->Sequence({builder_->Bytes(BytesOf("0123456789abcefABCEF")), hex});
  const Expr before_surrogates =
      builder_->Sequence({builder_->Bytes(BytesOf("dD")), builder_->Bytes(BytesOf("01234567"))});
  const Expr escape = builder_->Choice(
      {builder_->Bytes(BytesOf("\"\\/bfnrt")),
       builder_->Sequence({builder_->Literal("u"), builder_->Choice({basic, before_surrogates}), hex, hex})});
  return builder_->Choice(
      {builder_->Chars(PlainChars()), builder_->Sequence({builder_->Literal("\\"), escape})});
}

JsonText::Expr JsonText::MakeRestOfKey() {
  return builder_->Sequence(
      {builder_->Repeat(builder_->Chars(PlainChars()), 0, std::nullopt), builder_->Literal("\"")});
}

JsonText::Expr JsonText::StringChars(const CodePoints& chars) {
  const std::map<char32_t, std::string> short_escapes = {{'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"},
                                                         {'\f', "\\f"}, {'\n', "\\n"},  {'\r', "\\r"},
                                                         {'\t', "\\t"}};
  std::vector<std::string> escapes;
  const CodePoints escaped = chars.Minus(PlainChars());
  for (const CodePointRange& range : escaped.ranges()) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      const auto known = short_escapes.find(c);
      escapes.push_back(known != short_escapes.end() ? known->second
                                                     : absl::StrFormat("\\u%04x", uint32_t{c}));
    }
  }
  const CodePoints plain = chars.Minus(escaped);
  return builder_->Choice({builder_->Chars(plain), builder_->AnyLiteral(std::move(escapes))});
}

JsonText::Expr JsonText::StringExcept(std::vector<std::u32string> others) {
  std::ranges::sort(others);
  others.erase(std::unique(others.begin(), others.end()), others.end());
  return builder_->Sequence({builder_->Literal("\""), StringExceptFrom(others, 0, 0)});
}

// What may follow `at` characters that all of `others` have in common.
JsonText::Expr JsonText::StringExceptFrom(const std::vector<std::u32string>& others, size_t at, int depth) {
  std::map<char32_t, std::vector<std::u32string>> by_next;
  CodePoints next_chars;
  bool ends = false;
  for (const std::u32string& other : others) {
    if (other.size() == at) {
      ends = true;
    } else {
      by_next[other[at]].push_back(other);
      next_chars.Add(other[at]);
    }
  }
  std::vector<Expr> alternatives;
  if (!ends) {
    alternatives.push_back(builder_->Literal("\""));
  }
  alternatives.push_back(
      builder_->Sequence({builder_->Chars(PlainChars().Minus(next_chars)),
                          OneRule(rest_of_key_, "the rest of a key", &JsonText::MakeRestOfKey)}));
  for (const auto& [next, group] : by_next) {
    if (PlainChars().Contains(next) && depth < kMaxKeyLength) {
      alternatives.push_back(
          builder_->Sequence({builder_->Chars({{next, next}}), StringExceptFrom(group, at + 1, depth + 1)}));
    }
  }
  return builder_->Choice(std::move(alternatives));
}

JsonText::Expr JsonText::Digits(uint32_t min, uint32_t max) {
  return builder_->Repeat(builder_->Bytes(BytesOf("0123456789")), min, max);
}

JsonText::Expr JsonText::Integer() {
  return builder_->Sequence(
      {builder_->Optional(builder_->Literal("-")),
       builder_->Choice({builder_->Literal("0"), builder_->Sequence({builder_->Bytes(BytesOf("123456789")),
                                                                     Digits(0, kMaxIntegerDigits - 1)})})});
}

JsonText::Expr JsonText::Number() {
  const Expr fraction = builder_->Sequence({builder_->Literal("."), Digits(1, kMaxFractionDigits)});
  const Expr exponent =
      builder_->Sequence({builder_->Bytes(BytesOf("eE")), builder_->Optional(builder_->Bytes(BytesOf("+-"))),
                          Digits(1, kMaxExponentDigits)});
  return builder_->Sequence({Integer(), builder_->Optional(fraction), builder_->Optional(exponent)});
}

JsonText::Expr JsonText::Boolean() { return builder_->AnyLiteral({"false", "true"}); }
JsonText::Expr JsonText::Null() { return builder_->Literal("null"); }

JsonText::Expr JsonText::Enclosed(char open, Expr inside, char close) {
  return builder_->Sequence({builder_->Literal(std::string(1, open)), space_, inside, space_,
                             builder_->Literal(std::string(1, close))});
}

JsonText::Expr JsonText::AfterComma(Expr item) {
  return builder_->Sequence({builder_->Literal(","), space_, item});
}

JsonText::Expr JsonText::Member(Expr key, Expr value) {
  return builder_->Sequence({key, builder_->Literal(":"), space_, value});
}

}  // namespace bitnet

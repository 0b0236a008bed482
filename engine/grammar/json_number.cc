#include "engine/grammar/json_number.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

using Expr = GrammarBuilder::Expr;

constexpr uint32_t kMaxFractionDigits = 6;

Expr Digit(char first, char last, GrammarBuilder& builder) {
  ByteSet set;
  for (char c = first; c <= last; ++c) {
    set.set(static_cast<uint8_t>(c));
  }
  return builder.Bytes(set);
}

Expr Digits(uint32_t min, uint32_t max, GrammarBuilder& builder) {
  return builder.Repeat(Digit('0', '9', builder), min, max);
}

// Digit strings of the same length from `low` to `high`.
Expr DigitsBetween(std::string_view low, std::string_view high, GrammarBuilder& builder) {
  if (low.empty()) {
    return builder.Empty();
  }
  const auto rest = static_cast<uint32_t>(low.size() - 1);
  if (low.substr(1) == std::string(rest, '0') && high.substr(1) == std::string(rest, '9')) {
    return builder.Sequence({Digit(low[0], high[0], builder), Digits(rest, rest, builder)});
  }
  if (low[0] == high[0]) {
    return builder.Sequence(
        {Digit(low[0], low[0], builder), DigitsBetween(low.substr(1), high.substr(1), builder)});
  }
  // The first digit of `low`, one between, or that of `high`.
  std::vector<Expr> alternatives = {
      builder.Sequence(
          {Digit(low[0], low[0], builder), DigitsBetween(low.substr(1), std::string(rest, '9'), builder)}),
      builder.Sequence({Digit(high[0], high[0], builder),
                        DigitsBetween(std::string(rest, '0'), high.substr(1), builder)})};
  if (low[0] + 1 < high[0]) {
    alternatives.push_back(
        builder.Sequence({Digit(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1), builder),
                          Digits(rest, rest, builder)}));
  }
  return builder.Choice(std::move(alternatives));
}

// From 0 on.
Expr NaturalsBetween(int64_t min, int64_t max, GrammarBuilder& builder) {
  std::vector<Expr> alternatives;
  // One length of digits at a time. That of kMaxJsonInteger is the last one: the next does not fit.
  for (int64_t first = 0, last = 9; first <= max;
       first = last + 1, last = last < kMaxJsonInteger ? 10 * last + 9 : last) {
    if (min <= last) {
      alternatives.push_back(
          DigitsBetween(absl::StrCat(std::max(first, min)), absl::StrCat(std::min(last, max)), builder));
    }
  }
  return builder.Choice(std::move(alternatives));
}

// Numbers of one sign, by their distance from 0.
Expr MagnitudesBetween(NumberBound min, std::optional<NumberBound> max, GrammarBuilder& builder) {
  const int64_t end = max.has_value() ? max->value : kMaxJsonInteger;
  if (min.value > end || (min.value == end && (min.exclusive || (max.has_value() && max->exclusive)))) {
    return builder.Nothing();
  }
  const Expr point = builder.Literal(".");
  const Expr fraction = builder.Sequence({point, Digits(1, kMaxFractionDigits, builder)});
  std::vector<Expr> alternatives;
  int64_t first = min.value;  // From here on, any fraction will do.
  if (min.exclusive) {
    // Not all zeros: any number of them, then another digit.
    std::vector<Expr> nonzero;
    for (uint32_t zeros = 0; zeros < kMaxFractionDigits; ++zeros) {
      nonzero.push_back(builder.Sequence({Digits(zeros, zeros, builder), Digit('1', '9', builder),
                                          Digits(0, kMaxFractionDigits - zeros - 1, builder)}));
    }
    alternatives.push_back(builder.Sequence(
        {NaturalsBetween(first, first, builder), point, builder.Choice(std::move(nonzero))}));
    ++first;
  }
  const int64_t last = max.has_value() ? end - 1 : end;
  if (first <= last) {
    alternatives.push_back(
        builder.Sequence({NaturalsBetween(first, last, builder), builder.Optional(fraction)}));
  }
  if (max.has_value() && !max->exclusive) {
    const Expr zeros = builder.Repeat(Digit('0', '0', builder), 1, kMaxFractionDigits);
    alternatives.push_back(builder.Sequence(
        {NaturalsBetween(end, end, builder), builder.Optional(builder.Sequence({point, zeros}))}));
  }
  return builder.Choice(std::move(alternatives));
}

std::optional<NumberBound> Negated(std::optional<NumberBound> bound) {
  return bound.has_value() ? std::optional<NumberBound>({-bound->value, bound->exclusive}) : std::nullopt;
}

}  // namespace

Expr IntegersBetween(int64_t min, int64_t max, GrammarBuilder& builder) {
  std::vector<Expr> alternatives;
  if (max >= 0) {
    alternatives.push_back(NaturalsBetween(std::max<int64_t>(min, 0), max, builder));
  }
  if (min < 0) {
    alternatives.push_back(
        builder.Sequence({builder.Literal("-"), NaturalsBetween(std::max<int64_t>(-max, 1), -min, builder)}));
  }
  return min > max ? builder.Nothing() : builder.Choice(std::move(alternatives));
}

Expr NumbersBetween(std::optional<NumberBound> min, std::optional<NumberBound> max, GrammarBuilder& builder) {
  std::vector<Expr> alternatives;
  if (!max.has_value() || max->value >= 0) {
    const NumberBound from = min.has_value() && min->value >= 0 ? *min : NumberBound{0};
    alternatives.push_back(MagnitudesBetween(from, max, builder));
  }
  if (!min.has_value() || min->value < 0) {
    // "-0" is not written.
    const NumberBound from = max.has_value() && max->value < 0 ? *Negated(max) : NumberBound{0, true};
    alternatives.push_back(
        builder.Sequence({builder.Literal("-"), MagnitudesBetween(from, Negated(min), builder)}));
  }
  return builder.Choice(std::move(alternatives));
}

}  // namespace bitnet

// Numbers between bounds, as expressions of a grammar.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/grammar/grammar_builder.h"

namespace bitnet {

// The largest integer that is generated.
inline constexpr int64_t kMaxJsonInteger = 999'999'999'999'999'999;

// Every integer from `min` to `max`, both within +-kMaxJsonInteger, written without exponent or fraction;
// nothing if there is none.
GrammarBuilder::Expr IntegersBetween(int64_t min, int64_t max, GrammarBuilder& builder);

// A bound of numbers.
struct NumberBound {
  int64_t value;
  bool exclusive = false;
};

// Numbers between whole bounds, written without an exponent, with up to 6 digits behind the point: so few
// that nobody who rounds them to a double comes to a bound that is exclusive. Bounds are within +-kMaxBound.
inline constexpr int64_t kMaxNumberBound = 1'000'000'000;
GrammarBuilder::Expr NumbersBetween(std::optional<NumberBound> min, std::optional<NumberBound> max,
                                    GrammarBuilder& builder);

}  // namespace bitnet

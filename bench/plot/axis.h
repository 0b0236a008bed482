// From values to places on paper.
#pragma once

#include <vector>

namespace bitnet {

// A scale from `low` to `high`, at `begin` and `end` in pixels. Logarithmic scales begin above 0.
struct Axis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  double begin = 0;
  double end = 1;

  double At(double value) const;
};

// Round numbers, multiples of 1, 2 or 5 times a power of ten: from 0 on, with the last one at or above
// `highest` (the axis ends there), about `count` of them.
std::vector<double> RoundTicks(double highest, int count);
// 1, 2 and 5 times powers of ten (powers of ten alone where that would be many), within [low, high].
std::vector<double> LogTicks(double low, double high);

}  // namespace bitnet

// What repeated measurements are summed up to.
#pragma once

#include <span>
#include <vector>

namespace bitnet {

// Of at least one value.
struct Summary {
  double median = 0;  // The mean of the middle two of an even number.
  double min = 0;
  double max = 0;
};
Summary Summarise(std::span<const double> values);

double Median(std::span<const double> values);

// The smallest value that at least `share` of them do not exceed ("nearest rank"), share in (0, 1]: a value
// that occurred, never one between two. Of at least one value.
double Percentile(std::span<const double> values, double share);

}  // namespace bitnet

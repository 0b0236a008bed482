#include "bench/report/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace bitnet {
namespace {

std::vector<double> Sorted(std::span<const double> values) {
  assert(!values.empty());
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace

Summary Summarise(std::span<const double> values) {
  const std::vector<double> sorted = Sorted(values);
  const size_t n = sorted.size();
  return {.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, .min = sorted.front(), .max = sorted.back()};
}

double Median(std::span<const double> values) { return Summarise(values).median; }

double Percentile(std::span<const double> values, double share) {
  const std::vector<double> sorted = Sorted(values);
  // A hair less, so that 0.95 of 100 is 95 however it is rounded.
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size()) - 1e-9));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace bitnet

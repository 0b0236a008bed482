#include "service/top/figures.h"

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// Three digits.
std::string Digits(double value) {
  return absl::StrFormat(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
}

}  // namespace

std::optional<double> Rate(const Snapshot& from, const Snapshot& to, const std::string& name,
                           const Labels& wanted) {
  const std::optional<double> after = to.page.Sum(name, wanted);
  const double seconds = absl::ToDoubleSeconds(to.time - from.time);
  if (!after.has_value() || seconds <= 0) {
    return std::nullopt;
  }
  const double before = from.page.Sum(name, wanted).value_or(0);
  return (*after - (*after < before ? 0 : before)) / seconds;
}

std::optional<double> Quantile(const Snapshot& from, const Snapshot& to, const std::string& name, double q,
                               const Labels& wanted) {
  std::map<double, double> counts;  // Up to each bound.
  const auto add = [&](const Exposition& page, double sign) {
    for (const Sample& bucket : page.All(name + "_bucket", wanted)) {
      const auto bound = bucket.labels.find("le");
      if (bound != bucket.labels.end()) {
        counts[bound->second == "+Inf" ? std::numeric_limits<double>::infinity()
                                       : std::stod(bound->second)] += sign * bucket.value;
      }
    }
  };
  add(to.page, 1);
  add(from.page, -1);
  const double total = counts.empty() ? 0 : counts.rbegin()->second;
  if (total <= 0) {
    return std::nullopt;
  }
  double lower = 0;
  double below = 0;
  for (const auto& [bound, count] : counts) {
    if (count >= q * total) {
      const bool has_width = bound < std::numeric_limits<double>::infinity() && count > below;
      return has_width ? lower + (bound - lower) * (q * total - below) / (count - below) : lower;
    }
    lower = bound;
    below = count;
  }
  return lower;
}

std::string ShowNumber(std::optional<double> value) {
  if (!value.has_value()) {
    return "-";
  }
  if (*value >= 1e6) {
    return absl::StrCat(Digits(*value / 1e6), " M");
  }
  return *value >= 1e4 ? absl::StrCat(Digits(*value / 1e3), " k") : Digits(*value);
}

std::string ShowSeconds(std::optional<double> value) {
  if (!value.has_value()) {
    return "-";
  }
  return *value < 1 ? absl::StrCat(Digits(*value * 1000), " ms") : absl::StrCat(Digits(*value), " s");
}

}  // namespace bitnet

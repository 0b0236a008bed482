// Prometheus' text format 0.0.4, as far as the front writes it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet {

using Labels = std::map<std::string, std::string>;

struct Sample {
  Labels labels;
  double value;
};

// The samples of a page of metrics, by name. Lines that are none are passed over.
class Exposition {
 public:
  static Exposition Parse(std::string_view text);

  // Those that have all of `wanted` among their labels, in the page's order.
  std::vector<Sample> All(const std::string& name, const Labels& wanted = {}) const;
  // None where there is none: what is not measured is not zero.
  std::optional<double> Sum(const std::string& name, const Labels& wanted = {}) const;
  std::optional<double> Max(const std::string& name, const Labels& wanted = {}) const;

 private:
  std::map<std::string, std::vector<Sample>> samples_;
};

}  // namespace bitnet

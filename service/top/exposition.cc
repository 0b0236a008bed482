#include "service/top/exposition.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace bitnet {
namespace {

// `text` begins behind the brace; what is left begins behind the other one.
std::optional<Labels> TakeLabels(std::string_view& text) {
  Labels labels;
  while (!text.starts_with('}')) {
    const size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) {
      return std::nullopt;
    }
    std::string& value = labels[std::string(text.substr(0, equals))];
    text.remove_prefix(equals + 2);
    for (; !text.empty() && text.front() != '"'; text.remove_prefix(1)) {
      if (text.front() == '\\' && text.size() > 1) {
        text.remove_prefix(1);
        value += text.front() == 'n' ? '\n' : text.front();
      } else {
        value += text.front();
      }
    }
    if (text.empty()) {
      return std::nullopt;
    }
    text.remove_prefix(1);
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    }
  }
  text.remove_prefix(1);
  return labels;
}

bool Has(const Sample& sample, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const auto it = sample.labels.find(label.first);
    return it != sample.labels.end() && it->second == label.second;
  });
}

}  // namespace

Exposition Exposition::Parse(std::string_view text) {
  Exposition page;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    std::string_view rest(line.data(), line.size());
    const size_t end = rest.find_first_of("{ ");
    if (rest.starts_with('#') || end == std::string_view::npos) {
      continue;
    }
    const std::string name(rest.substr(0, end));
    const bool labelled = rest[end] == '{';
    rest.remove_prefix(end + 1);
    std::optional<Labels> labels = labelled ? TakeLabels(rest) : Labels();
    double value = 0;
    if (labels.has_value() && absl::SimpleAtod({rest.data(), rest.size()}, &value)) {
      page.samples_[name].push_back({*std::move(labels), value});
    }
  }
  return page;
}

std::vector<Sample> Exposition::All(const std::string& name, const Labels& wanted) const {
  std::vector<Sample> found;
  if (const auto it = samples_.find(name); it != samples_.end()) {
    std::ranges::copy_if(it->second, std::back_inserter(found),
                         [&](const Sample& sample) { return Has(sample, wanted); });
  }
  return found;
}

std::optional<double> Exposition::Sum(const std::string& name, const Labels& wanted) const {
  std::optional<double> sum;
  for (const Sample& sample : All(name, wanted)) {
    sum = sum.value_or(0) + sample.value;
  }
  return sum;
}

std::optional<double> Exposition::Max(const std::string& name, const Labels& wanted) const {
  std::optional<double> max;
  for (const Sample& sample : All(name, wanted)) {
    max = std::max(max.value_or(sample.value), sample.value);
  }
  return max;
}

}  // namespace bitnet

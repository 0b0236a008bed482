#include "engine/cli/convert_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/model/model_file.h"

namespace bitnet {
namespace {

struct Line {
  std::string name;
  const TensorPlan* plan;  // Of the first.
  uint64_t count = 1;
  uint64_t bytes = 0;
  double error = 0;  // The largest.
};

// "blk.*.attn_q.weight" for "blk.3.attn_q.weight".
std::string WithoutLayer(const std::string& name) {
  if (!name.starts_with("blk.")) {
    return name;
  }
  const size_t dot = name.find('.', 4);
  return dot == std::string::npos ? name : "blk.*" + name.substr(dot);
}

double RelativeError(const EncodeError& error) {
  if (error.sum_of_squares == 0) {
    return 0;
  }
  return std::sqrt(error.sum_of_squares / error.source_sum_of_squares);
}

std::string InWords(double error) { return error == 0 ? "exact" : absl::StrFormat("%.1e", error); }

bool Same(const Line& line, const std::string& name, const TensorPlan& plan) {
  return line.name == name && line.plan->from == plan.from && line.plan->to == plan.to &&
         line.plan->why == plan.why;
}

// Columns two spaces apart, as wide as what they hold; the last has no end to align.
std::string Aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size() + 2);
    }
  }
  std::string table;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&table, row[i], std::string(std::max(widths[i], row[i].size()) - row[i].size(), ' '));
    }
    table += '\n';
  }
  return table;
}

std::vector<Line> Lines(std::span<const TensorPlan> plans, std::span<const EncodeError> errors,
                        bool every_tensor) {
  std::vector<Line> lines;
  for (size_t i = 0; i < plans.size(); ++i) {
    const TensorPlan& plan = plans[i];
    const std::string name = every_tensor ? plan.name : WithoutLayer(plan.name);
    const double error = errors.empty() ? 0 : RelativeError(errors[i]);
    const auto line = std::ranges::find_if(lines, [&](const Line& l) { return Same(l, name, plan); });
    if (line == lines.end()) {
      lines.push_back({.name = name, .plan = &plan, .bytes = plan.bytes, .error = error});
      continue;
    }
    ++line->count;
    line->bytes += plan.bytes;
    line->error = std::max(line->error, error);
  }
  return lines;
}

}  // namespace

std::string ErrorInWords(const EncodeError& error) { return InWords(RelativeError(error)); }

std::string ConversionTable(std::span<const TensorPlan> plans, std::span<const EncodeError> errors,
                            bool every_tensor) {
  const std::vector<Line> lines = Lines(plans, errors, every_tensor);
  std::vector<std::vector<std::string>> rows = {{"tensor", "", "from", "to", "bits", "MiB"}};
  if (!errors.empty()) {
    rows.front().emplace_back("error");
  }
  rows.front().emplace_back("why");
  for (const Line& line : lines) {
    rows.push_back({line.name, line.count > 1 ? absl::StrCat("x", line.count) : "",
                    std::string(GgmlTypeName(line.plan->from)), std::string(GgmlTypeName(line.plan->to)),
                    absl::StrFormat("%.3f", line.plan->bits_per_weight()),
                    absl::StrFormat("%.2f", static_cast<double>(line.bytes) / (1 << 20))});
    if (!errors.empty()) {
      rows.back().push_back(InWords(line.error));
    }
    rows.back().push_back(line.plan->why);
  }
  return Aligned(rows);
}

}  // namespace bitnet

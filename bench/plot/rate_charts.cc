#include "bench/plot/rate_charts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace bitnet {
namespace {

// What may tell records apart, in the order of a series' name.
constexpr const char* kKeys[] = {"chip",  "model",   "type",          "isa",       "threads",
                                 "batch", "context", "prompt_tokens", "chunk_size"};
constexpr size_t kMostTicks = 10;

bool IsPrefill(const Record& record) { return record.value("benchmark", "") == "prefill"; }
bool HasRate(const Record& record) {
  const std::string benchmark = record.value("benchmark", "");
  return (benchmark == "decode" || benchmark == "batch" || benchmark == "prefill") &&
         record.contains("tokens_per_second");
}

std::string Text(const Record& record, const std::string& key) {
  if (!record.contains(key)) return "";
  return record[key].is_string() ? record[key].get<std::string>() : record[key].dump();
}

std::string Words(const std::string& key) { return absl::StrReplaceAll(key, {{"_", " "}}); }

ChartPoint PointOf(const Record& record, const std::string& key) {
  return {.x = record[key].get<double>(),
          .y = record["tokens_per_second"].get<double>(),
          .low = record.value("tokens_per_second_min", 0.0),
          .high = record.value("tokens_per_second_max", 0.0),
          .label = ""};
}

using Group = std::map<std::string, std::string>;  // The values that its records share.

// "threads 2, batch 8": the keys whose values differ between groups.
std::string NameOf(const Group& group, const std::vector<Group>& all) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : group) {
    const bool differs = std::ranges::any_of(all, [&](const Group& g) { return g.at(key) != value; });
    if (!differs) continue;
    const bool names_itself = key == "model" || key == "type" || key == "isa" || key == "chip";
    parts.push_back(names_itself ? value : absl::StrCat(Words(key), " ", value));
  }
  return absl::StrJoin(parts, ", ");
}

// What all records have in common: "AMD EPYC, 2b-4t, 2bit".
std::string CommonText(const std::vector<const Record*>& records) {
  std::vector<std::string> parts;
  for (const char* key : {"chip", "model", "type", "isa", "commit"}) {
    std::set<std::string> values;
    for (const Record* record : records) {
      values.insert(Text(*record, key));
    }
    if (values.size() == 1 && !values.begin()->empty()) {
      parts.push_back(std::string(key) == "commit" ? "commit " + *values.begin() : *values.begin());
    }
  }
  return absl::StrJoin(parts, " · ");
}

}  // namespace

std::optional<Chart> RateChart(const std::vector<Record>& records, bool prefill, const std::string& key) {
  std::map<Group, std::vector<ChartPoint>> series;
  std::vector<const Record*> used;
  for (const Record& record : records) {
    if (!HasRate(record) || IsPrefill(record) != prefill || !record.contains(key)) continue;
    Group group;
    for (const char* other : kKeys) {
      if (other != key) group[other] = Text(record, other);
    }
    series[group].push_back(PointOf(record, key));
    used.push_back(&record);
  }
  std::erase_if(series, [](auto& entry) {
    std::set<double> xs;
    for (const ChartPoint& point : entry.second) xs.insert(point.x);
    return xs.size() < 2;
  });
  if (series.empty()) return std::nullopt;
  std::vector<Group> groups;
  for (const auto& [group, points] : series) groups.push_back(group);
  Chart chart = {
      .title = absl::StrCat(prefill ? "Prefill" : "Decode", ": tokens per second over ", Words(key)),
      .subtitle = CommonText(used),
      .x_label = Words(key),
      .y_label = "tokens per second",
      .log_x = key == "batch" || key == "chunk_size",
      .log_y = false,
      .x_ticks = {},
      .series = {}};
  std::set<double> xs;
  for (auto& [group, points] : series) {
    std::ranges::sort(points, {}, &ChartPoint::x);
    for (const ChartPoint& point : points) xs.insert(point.x);
    const std::string name = NameOf(group, groups);
    chart.series.push_back(
        {.name = name.empty() ? (prefill ? "prefill" : "decode") : name, .points = points});
  }
  if (xs.size() <= kMostTicks) chart.x_ticks.assign(xs.begin(), xs.end());
  return chart;
}

std::optional<Chart> RooflineChart(const std::vector<Record>& records) {
  int threads = 0;
  std::vector<const Record*> used;
  for (const Record& record : records) {
    if (!HasRate(record) || !record.contains("machine_bandwidth") || !record.contains("bytes_per_second"))
      continue;
    threads = std::max(threads, record["threads"].get<int>());
    used.push_back(&record);
  }
  std::erase_if(used, [&](const Record* record) { return (*record)["threads"].get<int>() != threads; });
  if (used.empty()) return std::nullopt;

  std::map<std::string, std::vector<ChartPoint>> points;
  double lowest = INFINITY, highest = 0;
  for (const Record* record : used) {
    const double macs = (*record)["macs_per_second"].get<double>();
    const double intensity = macs / (*record)["bytes_per_second"].get<double>();
    const bool prefill = IsPrefill(*record);
    const bool alone = Text(*record, "batch") == "1";
    const std::string what = prefill ? "prefill" : alone ? "decode" : "batch";
    const std::string label = prefill ? "chunks of " + Text(*record, "chunk_size")
                              : alone ? "decode"
                                      : "batch " + Text(*record, "batch");
    const std::string context = Text(*record, "context");
    points[what].push_back({.x = intensity,
                            .y = macs / 1e9,
                            .label = context.empty() || context == "0" ? label : label + " @" + context});
    lowest = std::min(lowest, intensity);
    highest = std::max(highest, intensity);
  }
  const double bandwidth = (*used[0])["machine_bandwidth"].get<double>() / 1e9;
  const double peak = (*used[0])["machine_int8_macs"].get<double>() / 1e9;
  const double ridge = peak / bandwidth;
  const double low = std::min(lowest, ridge) / 2;
  const double high = std::max(highest, ridge) * 2;
  Chart chart = {.title = absl::StrCat("Roofline, ", threads, threads == 1 ? " thread" : " threads"),
                 .subtitle = CommonText(used),
                 .x_label = "multiply-adds per byte read",
                 .y_label = "billion multiply-adds per second",
                 .log_x = true,
                 .log_y = true,
                 .x_ticks = {},
                 .series = {}};
  ChartSeries roof = {
      .name = absl::StrFormat("%.1f GB/s, %.0f GMAC/s int8", bandwidth, peak),
      .points = {{.x = low, .y = low * bandwidth}, {.x = ridge, .y = peak}, {.x = high, .y = peak}},
      .joined = true,
      .dots = false,
      .dashed = true};
  chart.series.push_back(std::move(roof));
  for (auto& [name, of_name] : points) {
    chart.series.push_back({.name = name, .points = std::move(of_name), .joined = false});
  }
  return chart;
}

}  // namespace bitnet

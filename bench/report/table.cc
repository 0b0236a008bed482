#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/report/record.h"

namespace bitnet {
namespace {

enum class Unit { kText, kNumber, kGiga, kMega, kPercent, kMilli, kMicro };

struct Column {
  const char* key;
  const char* title;
  Unit unit;
};

// The order of the columns of every command.
constexpr Column kColumns[] = {
    {"benchmark", "benchmark", Unit::kText},
    {"model", "model", Unit::kText},
    {"type", "weights", Unit::kText},
    {"head", "head", Unit::kText},
    {"operation", "operation", Unit::kText},
    {"variant", "variant", Unit::kText},
    {"shape", "shape", Unit::kText},
    {"chip", "chip", Unit::kText},
    {"runs_on", "on", Unit::kText},
    {"cores", "cores", Unit::kNumber},
    {"isa", "instruction set", Unit::kText},
    {"threads", "threads", Unit::kNumber},
    {"machine_bandwidth", "bandwidth, GB/s", Unit::kGiga},
    {"machine_int8_macs", "int8 peak, GMAC/s", Unit::kGiga},
    {"int8_instruction", "of", Unit::kText},
    {"batch", "batch", Unit::kNumber},
    {"context", "context", Unit::kNumber},
    {"prompt_tokens", "prompt", Unit::kNumber},
    {"chunk_size", "chunk", Unit::kNumber},
    {"tokens_per_second", "tokens/s", Unit::kNumber},
    {"tokens_per_second_min", "lowest", Unit::kNumber},
    {"tokens_per_second_max", "highest", Unit::kNumber},
    {"rate", "calls/s", Unit::kNumber},
    {"requests", "requests", Unit::kNumber},
    {"answered", "answered", Unit::kNumber},
    {"rejected", "rejected", Unit::kNumber},
    {"failed", "failed", Unit::kNumber},
    {"goodput", "good answers/s", Unit::kNumber},
    {"ttft_p50", "TTFT p50, ms", Unit::kMilli},
    {"ttft_p95", "p95", Unit::kMilli},
    {"ttft_p99", "p99", Unit::kMilli},
    {"itl_p50", "ITL p50, ms", Unit::kMilli},
    {"itl_p95", "p95", Unit::kMilli},
    {"itl_p99", "p99", Unit::kMilli},
    {"itl_max", "max", Unit::kMilli},
    {"call_seconds", "call, us", Unit::kMicro},
    {"weights_per_second", "Gweights/s", Unit::kGiga},
    {"bytes_per_token", "MB/token", Unit::kMega},
    {"bytes_per_second", "GB/s", Unit::kGiga},
    {"bandwidth_share", "of bandwidth", Unit::kPercent},
    {"macs_per_second", "GMAC/s", Unit::kGiga},
    {"int8_share", "of int8 peak", Unit::kPercent},
    {"up_rows_share", "rows of up", Unit::kPercent},
    {"down_columns_share", "columns of down", Unit::kPercent},
    {"dispatches", "dispatches", Unit::kNumber},
    {"simdgroups_per_core", "SIMD groups/core", Unit::kNumber},
    {"joules_per_token", "J/token", Unit::kNumber},
    {"load_seconds", "load, s", Unit::kNumber},
    {"first_token_seconds", "first token, s", Unit::kNumber},
    {"peak_memory_bytes", "peak memory, MB", Unit::kMega},
    {"perplexity", "perplexity", Unit::kNumber},
    {"against", "against", Unit::kText},
    {"against_perplexity", "its perplexity", Unit::kNumber},
    {"kl_per_token", "KL/token", Unit::kNumber},
    {"same_top_token", "same top token", Unit::kPercent},
    {"scored_tokens", "tokens", Unit::kNumber},
    {"best", "best", Unit::kText},
    {"source", "source", Unit::kText},
};

constexpr const char* kBuildKeys[] = {"version", "commit", "compiler", "build_type", "system"};

// Four significant digits, and whole numbers as they are.
std::string Number(double value) {
  if (value == std::round(value) && std::abs(value) < 1e9) return absl::StrCat(static_cast<int64_t>(value));
  const int digits = 3 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  return absl::StrFormat("%.*f", std::clamp(digits, 0, 9), value);
}

std::string Cell(const Record& value, Unit unit) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return value.dump();
  const double number = value.get<double>();
  switch (unit) {
    case Unit::kGiga:
      return Number(number / 1e9);
    case Unit::kMega:
      return Number(number / 1e6);
    case Unit::kPercent:
      return absl::StrFormat("%.0f %%", 100 * number);
    case Unit::kMilli:
      return Number(number * 1e3);
    case Unit::kMicro:
      return Number(number * 1e6);
    default:
      return Number(number);
  }
}

std::string Row(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

}  // namespace

std::string ToTable(const std::vector<Record>& records) {
  std::vector<Column> columns;
  for (const Column& column : kColumns) {
    if (std::ranges::any_of(records, [&](const Record& r) { return r.contains(column.key); })) {
      columns.push_back(column);
    }
  }
  std::vector<std::string> titles, rule;
  for (const Column& column : columns) {
    titles.push_back(column.title);
    rule.push_back(column.unit == Unit::kText ? "---" : "---:");
  }
  std::string text = Row(titles) + Row(rule);
  for (const Record& record : records) {
    std::vector<std::string> cells;
    for (const Column& column : columns) {
      cells.push_back(record.contains(column.key) ? Cell(record[column.key], column.unit) : "");
    }
    text += Row(cells);
  }
  std::vector<std::string> build;
  for (const char* key : kBuildKeys) {
    if (!records.empty() && records[0].contains(key)) {
      build.push_back(absl::StrCat(key, " ", Cell(records[0][key], Unit::kText)));
    }
  }
  return build.empty() ? text : absl::StrCat(text, "\n", absl::StrJoin(build, ", "), "\n");
}

}  // namespace bitnet

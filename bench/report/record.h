// One measured line, and the ways to print many.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace bitnet {

// A flat object: keys as bench/README.md explains them, values numbers, strings or booleans. What was not
// measured has no key: it is absent, never 0.
using Record = nlohmann::ordered_json;

enum class OutputFormat { kTable, kCsv, kJson };

// "table", "csv" or "json".
absl::StatusOr<OutputFormat> ParseFormat(std::string_view name);

// Markdown for people: the columns that somebody reads, in fixed order, those that no record has left out;
// the machine and the build, which are the same everywhere, in a line below.
std::string ToTable(const std::vector<Record>& records);
// RFC 4180: a line of keys, in the order in which they first occur, and a line for each record.
std::string ToCsv(const std::vector<Record>& records);
// An array of objects.
std::string ToJson(const std::vector<Record>& records);

std::string ToText(const std::vector<Record>& records, OutputFormat format);

// Writes to the file, or to stdout if `path` is empty.
absl::Status WriteText(const std::string& text, const std::string& path);

}  // namespace bitnet

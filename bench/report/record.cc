#include "bench/report/record.h"

#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace bitnet {

absl::StatusOr<OutputFormat> ParseFormat(std::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "csv") return OutputFormat::kCsv;
  if (name == "json") return OutputFormat::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("format ", std::string(name), "; table, csv or json was wanted"));
}

std::string ToJson(const std::vector<Record>& records) { return Record(records).dump(2) + "\n"; }

std::string ToText(const std::vector<Record>& records, OutputFormat format) {
  switch (format) {
    case OutputFormat::kTable:
      return ToTable(records);
    case OutputFormat::kCsv:
      return ToCsv(records);
    case OutputFormat::kJson:
      return ToJson(records);
  }
  return "";
}

absl::Status WriteText(const std::string& text, const std::string& path) {
  if (path.empty()) {
    std::cout << text << std::flush;
    return absl::OkStatus();
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) {
    return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  }
  return absl::OkStatus();
}

}  // namespace bitnet

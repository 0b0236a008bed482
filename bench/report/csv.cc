#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bench/report/record.h"

namespace bitnet {
namespace {

std::string Cell(const Record& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + absl::StrReplaceAll(text, {{"\"", "\"\""}}) + "\"";
}

}  // namespace

std::string ToCsv(const std::vector<Record>& records) {
  std::vector<std::string> keys;
  for (const Record& record : records) {
    for (const auto& [key, value] : record.items()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  std::string text = absl::StrJoin(keys, ",") + "\n";
  for (const Record& record : records) {
    std::vector<std::string> cells;
    for (const std::string& key : keys) {
      cells.push_back(record.contains(key) ? Cell(record[key]) : "");
    }
    text += absl::StrJoin(cells, ",") + "\n";
  }
  return text;
}

}  // namespace bitnet

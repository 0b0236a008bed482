#include "engine/cli/help_formatter.h"

#include <sstream>

namespace bitnet {
namespace {

constexpr size_t kColumn = 30;
constexpr size_t kLineLength = 100;

}  // namespace

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string out = "  " + make_option_name(option, is_positional);
  if (option->get_items_expected_max() != 0) {
    // "F:FLOAT in [0 - 1]": what follows the colon is CLI11's.
    const std::string type = option->get_type_name();
    out += " " + type.substr(0, type.find(':'));
  }
  size_t column = out.size();
  if (column + 2 > kColumn) {
    out += '\n';
    column = 0;
  }
  out.append(kColumn - column, ' ');
  column = kColumn;
  const auto append = [&](const std::string& word) {
    const bool first = column == kColumn;
    if (!first && column + word.size() >= kLineLength) {
      out += '\n' + std::string(kColumn, ' ');
      column = kColumn;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  };
  std::istringstream words(make_option_desc(option));
  for (std::string word; words >> word;) {
    append(word);
  }
  if (!option->get_default_str().empty()) {
    append("(default: " + option->get_default_str() + ")");
  }
  return out + '\n';
}

}  // namespace bitnet

// How --help looks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace bitnet {

// CLI11's own format repeats ranges and exclusions and does not break lines.
class HelpFormatter : public CLI::Formatter {
 public:
  // The option, and its description in a column beside it, its default last.
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace bitnet

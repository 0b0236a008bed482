// What the command line of bitnet-convert says.
#pragma once

#include <string>
#include <variant>

#include "engine/cli/options.h"
#include "engine/convert/convert_options.h"

namespace bitnet {

struct ConvertCommand {
  std::string input;
  std::string output;
  ConvertOptions options;
  int threads = 0;  // 0: one per CPU.
  bool force = false;
  bool dry_run = false;
  bool every_tensor = false;  // In the table, rather than one line for equal ones of all layers.
};

// Prints help, version and complaints itself. Exits with 0 after the first two and 2 after the third.
std::variant<ConvertCommand, ExitNow> ParseConvertCommand(int argc, char** argv);

}  // namespace bitnet

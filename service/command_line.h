// The command line of bitnet-front.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/service_options.h"

namespace bitnet {

struct CommandLine {
  ServiceOptions options;  // But for the models, which are made of these:
  std::vector<std::string> models;
  std::vector<std::string> aliases;
  std::vector<std::string> adapters;
  std::string new_token;  // For whom a token is to be made, and nothing else done; "": nobody.
};

// Fills in what the flags say. What the program is to exit with, if there is nothing more to do: help and the
// version have been printed, or what is wrong with a flag.
std::optional<int> ParseCommandLine(int argc, char** argv, CommandLine& out);

}  // namespace bitnet

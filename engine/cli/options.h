// What the command line of bitnet-infer says.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"

namespace bitnet {

enum class PromptFormat {
  kAuto,  // A conversation if the model knows how, raw otherwise.
  kChat,
  kRaw,
};

// As --adapter PATH[=SCALE] says.
struct AdapterFile {
  std::string path;
  float scale = 1;
};

struct InferOptions {
  std::string model_path;  // "": the model that comes with the program.
  EngineOptions engine;
  std::vector<AdapterFile> adapters;

  std::optional<std::string> prompt;       // The text itself.
  std::optional<std::string> prompt_file;  // "-" is stdin.
  bool interactive = false;
  PromptFormat format = PromptFormat::kAuto;
  bool parse_markers = false;  // In a raw prompt.
  std::string system;          // "": no system message.

  SamplingParams sampling;
  int max_tokens = 0;  // 0: until the answer ends or the context is full.
  int min_tokens = 0;
  bool ignore_eos = false;
  std::vector<std::string> stops;
  Constraint constraint;
  std::string constraint_file;  // "": its text is here already.

  int num_logprobs = -1;  // -1: none.
  bool verbose_prompt = false;
  bool quiet = false;
  std::string perplexity_file;  // "": generate.
};

// The process is to end with this status; what there was to say has been printed.
struct ExitNow {
  int status;
};

// Prints help, version and complaints itself. Exits with 0 after the first two and 2 after the third.
std::variant<InferOptions, ExitNow> ParseInferOptions(int argc, char** argv);

}  // namespace bitnet

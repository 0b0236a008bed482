// What the command line of bitnet-bench says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench/report/record.h"
#include "engine/metal/use_metal.h"
#include "engine/weights/head_format.h"
#include "kernels/attention/kv_tile.h"

namespace bitnet {

enum class Command {
  kDecode,
  kPrefill,
  kBatch,
  kKernels,
  kTune,
  kPerplexity,
  kMachine,
  kServe,
  kPlot,
  kPredict,
};
const char* CommandName(Command command);

struct BenchOptions {
  Command command = Command::kMachine;

  // The model: a file or directory, or a shape to be made; neither: the one that comes with the program.
  std::string model;
  std::string shape;
  std::string type;  // Of a made model's layers; "": the shape's own.
  std::string head;  // And of its embedding and head.

  // How the model is loaded and run.
  HeadFormat head_format = HeadFormat::kAuto;
  KvType kv_type = KvType::kF16;
  bool sparsity = false;
  UseMetal use_metal = UseMetal::kOff;

  std::string isa;                  // "": the best.
  std::vector<int> threads = {0};   // 0: one per physical core.
  std::vector<int> batch = {1};     // Sequences at once.
  std::vector<int> contexts = {0};  // Positions in the cache before decoding begins.
  std::vector<int> prompt_tokens = {128};
  std::vector<int> chunk_sizes = {256};
  int steps = 32;  // Decode steps of a repetition.
  int repetitions = 5;

  std::string file;     // perplexity: the texts.
  std::string against;  // perplexity: the reference, a model or name=value.

  std::string chip;  // predict.

  std::string address = "127.0.0.1:50051";  // serve.
  int concurrent = 8;
  int requests = 32;
  std::vector<int> max_tokens = {64};  // Of answers.
  double rate = 0;                     // Calls a second; 0: `concurrent` callers.
  double ttft_goal_ms = 0;             // Of good answers; 0: any.
  double itl_goal_ms = 0;
  uint64_t seed = 1;
  std::string token;  // Of the caller.

  std::vector<std::string> inputs;  // plot: JSON files.

  OutputFormat format = OutputFormat::kTable;
  std::string output;     // "": stdout. Of plot: a folder.
  bool progress = false;  // Lines on stderr: it is a terminal.
};

// The process is to end with this status; what there was to say has been printed.
struct BenchExit {
  int status;
};

// Prints help, version and complaints itself. Exits with 0 after the first two and 2 after the third.
std::variant<BenchOptions, BenchExit> ParseBenchOptions(int argc, const char* const* argv);

}  // namespace bitnet

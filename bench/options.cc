#include "bench/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/version.h"
#include "engine/cache/kv_type_names.h"
#include "engine/weights/sparse_weights.h"

namespace bitnet {
namespace {

constexpr int kExitUsage = 2;
constexpr int kMaxTokens = 1 << 20;

void AddModel(CLI::App* command, BenchOptions* o) {
  auto* model = command->add_option("--model", o->model, "GGUF file, or directory of a Hugging Face model");
  auto* shape =
      command->add_option("--shape", o->shape,
                          "Random model of this shape instead, made in memory: 2b-4t, 1.3b, large, 3b, "
                          "bonsai-1.7b, bonsai-4b, bonsai-8b, falcon-e-1b, falcon3-3b, llama3-8b");
  model->excludes(shape);
  command
      ->add_option("--type", o->type,
                   "Weights of the shape's layers: 2bit, base3, 2bit-grouped, 1bit-grouped, 1bit-binary, "
                   "1bit-ternary, 1bit-bf16, f16 (default: as the model it is named after)")
      ->needs(shape);
  command->add_option("--head", o->head, "The same of its embedding and head")->needs(shape);
  command->add_option("--head-format", o->head_format, kHeadHelp)
      ->transform(CLI::CheckedTransformer(HeadFormatNames()));
  command->add_option("--kv-type", o->kv_type, kKvTypeHelp)
      ->transform(CLI::CheckedTransformer(KvTypeNames()));
  command->add_option("--use-metal", o->use_metal, kUseMetalHelp)
      ->transform(CLI::CheckedTransformer(UseMetalNames()))
      ->default_str("off");
  command->add_option("--sparsity", o->sparsity, kSparsityHelp)
      ->transform(CLI::CheckedTransformer(SparsityNames()))
      ->default_str("off");
}

void AddList(CLI::App* command, const char* name, std::vector<int>* values, const char* help, int lowest,
             int highest) {
  command->add_option(name, *values, help)
      ->delimiter(',')
      ->check(CLI::Range(lowest, highest))
      ->capture_default_str();
}

void AddThreads(CLI::App* command, BenchOptions* o) {
  AddList(command, "--threads", &o->threads, "Numbers of threads, as 1,2,4; 0: one per core", 0, 1024);
  command->add_option("--isa", o->isa, "Kernels up to this instruction set, as x86_avx2");
}

void AddRepetitions(CLI::App* command, BenchOptions* o) {
  command->add_option("--repetitions", o->repetitions, "Counted runs; the median is reported")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

void AddChunks(CLI::App* command, BenchOptions* o) {
  AddList(command, "--chunk-size", &o->chunk_sizes, "Prompt tokens of a step at most", 1, kMaxTokens);
}

void AddDecode(CLI::App* command, BenchOptions* o) {
  AddModel(command, o);
  AddThreads(command, o);
  AddRepetitions(command, o);
  AddChunks(command, o);
  AddList(command, "--batch,--sequences", &o->batch, "Sequences that decode together, as 1,2,4,8", 1, 1024);
  AddList(command, "--context,--prompt-tokens", &o->contexts,
          "Positions already in the cache, as 0,1024,4096", 0, kMaxTokens);
  command->add_option("--steps,--generate", o->steps, "Decode steps of a repetition")
      ->check(CLI::Range(1, kMaxTokens))
      ->capture_default_str();
}

void AddPrefill(CLI::App* command, BenchOptions* o) {
  AddModel(command, o);
  AddThreads(command, o);
  AddRepetitions(command, o);
  AddChunks(command, o);
  AddList(command, "--batch,--sequences", &o->batch, "Prompts at once", 1, 1024);
  AddList(command, "--prompt-tokens", &o->prompt_tokens, "Of each prompt, as 128,512", 1, kMaxTokens);
}

void AddTune(CLI::App* command, BenchOptions* o) {
  AddModel(command, o);
  AddList(command, "--threads", &o->threads, "Numbers of threads to try; 0: 1, 2, 4 … up to all CPUs", 0,
          1024);
  AddList(command, "--chunk-size", &o->chunk_sizes, "Sizes to try", 1, kMaxTokens);
  command->add_option("--isa", o->isa, "Kernels up to this instruction set, as x86_avx2");
  AddRepetitions(command, o);
  AddList(command, "--prompt-tokens", &o->prompt_tokens, "Of the prompt that is timed", 1, kMaxTokens);
  command->add_option("--steps", o->steps, "Decode steps of a repetition")
      ->check(CLI::Range(1, kMaxTokens))
      ->capture_default_str();
}

void AddPerplexity(CLI::App* command, BenchOptions* o) {
  AddModel(command, o);
  AddThreads(command, o);
  command->add_option("file", o->file,
                      R"(JSON lines {"ids": [...], "answer_start": n}; random tokens with a --shape)");
  command->add_option("--against", o->against,
                      "What to compare with, token by token: a model, or the same one loaded otherwise: "
                      "activations=f32, isa=portable, head=file, kv=f32");
}

void AddPredict(CLI::App* command, BenchOptions* o) {
  command->add_option("--chip", o->chip, "Of Apple, as 'M4 Pro', or all")->required();
  command->add_option("--shape", o->shape, "Of the model, as of decode")->capture_default_str();
  command->add_option("--type", o->type, "Weights of its layers (default: as the model it is named after)");
  command->add_option("--head", o->head, "The same of its embedding and head");
  command->add_option("--head-format", o->head_format, kHeadHelp)
      ->transform(CLI::CheckedTransformer(HeadFormatNames()));
  AddList(command, "--batch", &o->batch, "Sequences that decode together", 1, 1024);
  AddList(command, "--context", &o->contexts, "Positions already in the cache", 0, kMaxTokens);
  AddList(command, "--prompt-tokens", &o->prompt_tokens, "Of prompts that are read", 1, kMaxTokens);
  AddChunks(command, o);
}

[[maybe_unused]] void AddServe(CLI::App* command, BenchOptions* o) {
  command->add_option("--address", o->address, "Server, as HOST:PORT or unix:PATH")->capture_default_str();
  command->add_option("--concurrent", o->concurrent, "Callers, each of whom waits for the answer")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--requests", o->requests, "Calls in all")
      ->check(CLI::Range(1, kMaxTokens))
      ->capture_default_str();
  AddList(command, "--prompt-tokens", &o->prompt_tokens,
          "Of a prompt: one of these, as 16,512,4000, each as often as the others", 1, kMaxTokens);
  AddList(command, "--max-tokens", &o->max_tokens, "Of an answer, likewise", 2, kMaxTokens);
  command
      ->add_option("--rate", o->rate,
                   "Calls a second, at random times that do not wait for answers (open loop, Poisson); 0: "
                   "--concurrent callers who do (closed loop)")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--ttft-goal-ms", o->ttft_goal_ms,
                   "Good are answers whose first token came in this time; 0: all")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--itl-goal-ms", o->itl_goal_ms,
                   "And whose tokens came no further apart than this; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seed", o->seed, "Of times, lengths and prompts")->capture_default_str();
  command->add_option("--token", o->token, "Of the caller, where the server wants one");
}

// The defaults that differ from command to command; on top of them comes what is asked for.
BenchOptions Defaults(Command command) {
  BenchOptions o;
  o.command = command;
  o.progress = isatty(STDERR_FILENO) != 0;
  if (command == Command::kBatch) o.batch = {1, 2, 4, 8};
  if (command == Command::kKernels) o.batch = {1, 8};
  if (command == Command::kTune) {
    o.chunk_sizes = {32, 64, 128, 256};
    o.prompt_tokens = {256};
    o.repetitions = 3;
  }
  if (command == Command::kServe) o.prompt_tokens = {64};
  if (command == Command::kPredict) {
    o.shape = "2b-4t";
    o.prompt_tokens = {512};
  }
  return o;
}

struct CommandSpec {
  Command command;
  const char* name;
  const char* help;
  void (*add)(CLI::App*, BenchOptions*);
};

constexpr CommandSpec kCommands[] = {
    {Command::kDecode, "decode", "Tokens per second of sequences that decode", AddDecode},
    {Command::kBatch, "batch", "The same of 1, 2, 4 and 8 sequences together", AddDecode},
    {Command::kPrefill, "prefill", "Prompt tokens per second", AddPrefill},
    {Command::kKernels, "kernels", "Every matrix kernel that this CPU can run, checked and timed",
     [](CLI::App* command, BenchOptions* o) {
       AddThreads(command, o);
       AddRepetitions(command, o);
       AddList(command, "--batch", &o->batch, "Tokens multiplied at once", 1, 1024);
       command->add_option("--shape", o->shape, "Matrices of this model's shape")->default_str("2b-4t");
     }},
    {Command::kTune, "tune", "Which numbers of threads and chunk sizes are fastest here", AddTune},
    {Command::kPerplexity, "perplexity", "How well texts are predicted, and how two ways differ",
     AddPerplexity},
    {Command::kMachine, "machine", "Memory bandwidth and int8 peak of this machine", AddThreads},
#if defined(BITNET_BENCH_SERVING)
    {Command::kServe, "serve", "A running server under concurrent calls", AddServe},
#endif
    {Command::kPredict, "predict",
     "Tokens per second and joules that a Mac should reach, beside what other programs do", AddPredict},
    {Command::kPlot, "plot", "Pictures (SVG) of what --format json has written",
     [](CLI::App* command, BenchOptions* o) {
       command->add_option("files", o->inputs, "JSON files")->required();
     }},
};

}  // namespace

const char* CommandName(Command command) {
  for (const CommandSpec& spec : kCommands) {
    if (spec.command == command) return spec.name;
  }
  return "";
}

std::variant<BenchOptions, BenchExit> ParseBenchOptions(int argc, const char* const* argv) {
  CLI::App app(
      "Measures kernels, engine and server, and this machine in the same run. Tables go to stdout, progress "
      "to "
      "stderr. What is measured and how: bench/README.md.");
  app.set_version_flag("--version", "bitnet-bench " + std::string(Version()));
  app.require_subcommand(1);
  std::vector<BenchOptions> options;
  std::vector<CLI::App*> commands;
  std::string format = "table";
  options.reserve(std::size(kCommands));  // CLI11 keeps pointers to the fields.
  for (const CommandSpec& spec : kCommands) {
    BenchOptions& o = options.emplace_back(Defaults(spec.command));
    CLI::App* command = commands.emplace_back(app.add_subcommand(spec.name, spec.help));
    spec.add(command, &o);
    const bool plots = spec.command == Command::kPlot;
    command->add_option("--output", o.output, plots ? "Folder for the pictures" : "File instead of stdout");
    if (!plots) {
      command->add_option("--format", format, "table, csv or json")
          ->check(CLI::IsMember({"table", "csv", "json"}))
          ->capture_default_str();
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return BenchExit{app.exit(error) == 0 ? 0 : kExitUsage};
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    if (commands[i]->parsed()) {
      options[i].format = *ParseFormat(format);
      return options[i];
    }
  }
  return BenchExit{kExitUsage};
}

}  // namespace bitnet

#include "engine/cli/options.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "base/version.h"
#include "engine/available_isas.h"
#include "engine/cache/kv_type_names.h"
#include "engine/cache/prefix_cache_flag.h"
#include "engine/cli/help_formatter.h"
#include "engine/formats/i2s_layout_name.h"
#include "engine/scheduler/speculation.h"
#include "engine/threads/threads_flag.h"
#include "kernels/cpu_features.h"

namespace bitnet {
namespace {

constexpr int kExitUsage = 2;
constexpr int kMaxInt = std::numeric_limits<int>::max();

constexpr const char* kDescription =
    "Runs a 1-bit language model on this computer's CPU: one answer, or a conversation.\n"
    "The answer goes to stdout as it is written; everything else goes to stderr.\n";

constexpr const char* kExamples = R"(Examples:
  bitnet-infer                                        a conversation in the terminal
  bitnet-infer --prompt "What is a lighthouse?"       one answer
  bitnet-infer --quiet < question.txt > answer.txt    text from a file, nothing but the answer in another
  bitnet-infer --raw --prompt "Once upon" --n-predict 40   continue a text instead of answering it
  bitnet-infer --model ggml-model-i2_s.gguf --system "Answer in one sentence." --interactive
  bitnet-infer --adapter poet.gguf --adapter sailor/=0.5 --prompt "The sea"   with LoRA adapters
  bitnet-infer --prompt "A keeper" --json-schema person.json   an answer that a program can read
  bitnet-infer --prompt "A poem" --temp 0.8 --top-p 0.95 --seed 7   vary with the seed

Exit status: 0 done, 1 something failed (stderr says what), 2 wrong usage, 130 interrupted by ctrl-C.)";

std::string IsaNames() { return absl::StrJoin(AvailableIsaNames(), ", "); }

// "" if this CPU can run the kernels called `name`, otherwise what is wrong.
std::string CheckIsa(const std::string& name) {
  if (FindAvailableIsa(name) != nullptr) {
    return "";
  }
  return "'" + name + "' is not available here; available are: " + IsaNames();
}

// Values that do not fit an option's variable directly.
struct Leftovers {
  std::string isa;
  bool no_mmap = false;
  std::string activations = "auto";
  bool chat = false;
  bool raw = false;
  int n_predict = -1;
  std::vector<std::string> adapters;
  bool json = false;
  std::string json_schema;
  std::string regex;
  std::string grammar_file;
};

// What follows the last '=' is a scale if it is a number, and else part of the path.
AdapterFile ParseAdapterFile(const std::string& text) {
  const size_t at = text.rfind('=');
  float scale = 0;
  if (at != std::string::npos && absl::SimpleAtof(text.substr(at + 1), &scale)) {
    return {text.substr(0, at), scale};
  }
  return {text};
}

void AddInputOptions(CLI::App& app, InferOptions& options, Leftovers& leftovers) {
  const std::string group = "Input";
  auto* prompt = app.add_option("-p,--prompt", options.prompt, "The text to answer")->type_name("TEXT");
  prompt->group(group);
  app.add_option(
         "-f,--file", options.prompt_file,
         "Take the prompt from this file; - is stdin, which is also read without this option when it is "
         "not a terminal")
      ->type_name("PATH")
      ->group(group)
      ->excludes(prompt);
  app.add_flag(
         "-i,--interactive", options.interactive,
         "Hold a conversation: each line is a turn, /reset forgets, /exit or ctrl-D leaves, ctrl-C stops an "
         "answer. Assumed when there is no prompt and stdin is a terminal")
      ->group(group);
  auto* chat =
      app.add_flag("--chat", leftovers.chat,
                   "The prompt is a user's message, written for the model in its chat format. Assumed when "
                   "the model has one")
          ->group(group);
  auto* raw =
      app.add_flag("--raw", leftovers.raw, "The prompt is a text to continue, fed to the model as it is")
          ->group(group)
          ->excludes(chat);
  app.add_flag("--parse-special", options.parse_markers,
               "With --raw: markers such as <|eot_id|> in the prompt become their tokens")
      ->group(group)
      ->needs(raw);
  app.add_option("--system", options.system, "What the model is told before the conversation begins")
      ->type_name("TEXT")
      ->group(group)
      ->excludes(raw);
}

void AddAnswerOptions(CLI::App& app, InferOptions& options, Leftovers& leftovers) {
  const std::string group = "Answer";
  app.add_option("-n,--n-predict", leftovers.n_predict,
                 "Tokens of the answer at most; -1 is until the model ends it or its context is full")
      ->type_name("N")
      ->group(group)
      ->capture_default_str()
      ->check(CLI::Validator(
          [](std::string& text) {
            const bool valid = text == "-1" || (!text.empty() && text[0] != '-' &&
                                                text.find_first_not_of('0') != std::string::npos);
            return valid ? std::string() : "'" + text + "' is not -1 or at least 1";
          },
          ""));
  app.add_option("--min-tokens", options.min_tokens, "The model may not end the answer before so many tokens")
      ->type_name("N")
      ->group(group)
      ->check(CLI::Range(0, kMaxInt));
  app.add_flag("--ignore-eos", options.ignore_eos, "Go on where the model would end the answer")
      ->group(group);
  app.add_option("--stop", options.stops, "End the answer before this text; may be given several times")
      ->type_name("TEXT")
      ->group(group)
      ->take_all()
      ->allow_extra_args(false)
      ->check(
          CLI::Validator([](std::string& text) { return std::string(text.empty() ? "is empty" : ""); }, ""));
}

void AddConstraintOptions(CLI::App& app, Leftovers& leftovers) {
  const std::string group = "Form of the answer";
  auto* json = app.add_flag("--json", leftovers.json, "The answer is a JSON object")->group(group);
  auto* schema =
      app.add_option("--json-schema", leftovers.json_schema,
                     "The answer is JSON that this JSON Schema accepts: a file, or the schema itself "
                     "if it begins with {")
          ->type_name("PATH|TEXT")
          ->group(group)
          ->excludes(json);
  auto* regex = app.add_option("--regex", leftovers.regex, "The whole answer matches this regular expression")
                    ->type_name("RE")
                    ->group(group)
                    ->excludes(json)
                    ->excludes(schema);
  app.add_option("--grammar", leftovers.grammar_file,
                 "The answer is what the rule root of this file matches; it is written like llama.cpp's GBNF")
      ->type_name("PATH")
      ->group(group)
      ->excludes(json)
      ->excludes(schema)
      ->excludes(regex);
}

void ApplyConstraint(const Leftovers& leftovers, InferOptions& options) {
  if (leftovers.json) {
    options.constraint.kind = ConstraintKind::kJsonObject;
  } else if (!leftovers.json_schema.empty()) {
    options.constraint.kind = ConstraintKind::kJsonSchema;
    const size_t begin = leftovers.json_schema.find_first_not_of(" \t\r\n");
    const bool is_text = begin != std::string::npos && leftovers.json_schema[begin] == '{';
    (is_text ? options.constraint.text : options.constraint_file) = leftovers.json_schema;
  } else if (!leftovers.regex.empty()) {
    options.constraint = {ConstraintKind::kRegex, leftovers.regex};
  } else if (!leftovers.grammar_file.empty()) {
    options.constraint.kind = ConstraintKind::kGrammar;
    options.constraint_file = leftovers.grammar_file;
  }
}

void AddSamplingOptions(CLI::App& app, SamplingParams& sampling) {
  const std::string group = "Choice of tokens";
  const auto add = [&](const std::string& name, auto& value, const std::string& help,
                       const CLI::Validator& range, const std::string& type) {
    app.add_option(name, value, help)->type_name(type)->group(group)->capture_default_str()->check(range);
  };
  add("--temp", sampling.temperature, "0 always takes the likeliest token; higher values vary more",
      CLI::Range(0.0, 1e6), "F");
  add("--seed", sampling.seed, "The same seed gives the same answer, on every machine",
      CLI::Range(uint64_t{0}, std::numeric_limits<uint64_t>::max()), "N");
  add("--top-k", sampling.top_k, "Choose among the K likeliest; 0 is all", CLI::Range(0, kMaxInt), "K");
  add("--top-p", sampling.top_p, "Choose among the likeliest that together have this probability",
      CLI::Range(0.0, 1.0), "P");
  add("--min-p", sampling.min_p, "Choose among those at least P times as likely as the likeliest",
      CLI::Range(0.0, 1.0), "P");
  add("--repetition-penalty", sampling.repetition_penalty,
      "Above 1: makes every token of the prompt or the answer less likely", CLI::Range(1e-6, 1e6), "F");
  add("--presence-penalty", sampling.presence_penalty, "Makes tokens that the answer has less likely",
      CLI::Range(-1e6, 1e6), "F");
  add("--frequency-penalty", sampling.frequency_penalty,
      "Makes tokens less likely each time that the answer has them", CLI::Range(-1e6, 1e6), "F");
}

void AddMachineOptions(CLI::App& app, InferOptions& options, Leftovers& leftovers) {
  const std::string group = "Model and machine";
  app.add_option(
         "-m,--model", options.model_path,
         "A GGUF file. Without this: the file that the environment variable BITNET_MODEL names, or the small "
         "model that comes with the program")
      ->type_name("PATH")
      ->group(group);
  app.add_option(
         "--adapter", leftovers.adapters,
         "A LoRA adapter to the model, a GGUF file or a directory of PEFT's, and how much of it: 1 if "
         "not said. May be given several times; the changes add up")
      ->type_name("PATH[=SCALE]")
      ->group(group)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("-t,--threads", options.engine.num_threads, kThreadsHelp)
      ->type_name("N|auto")
      ->group(group)
      ->capture_default_str()
      ->transform(CLI::Validator([](std::string& text) { return ReadThreadsFlag(text); }, ""));
  app.add_option("--isa", leftovers.isa, "Use no instructions beyond this set. Available here: " + IsaNames())
      ->type_name("NAME")
      ->group(group)
      ->check(CLI::Validator([](std::string& name) { return CheckIsa(name); }, ""));
  app.add_flag("--no-mmap", leftovers.no_mmap, "Read the model file into memory instead of mapping it")
      ->group(group);
  app.add_option("--i2s-layout", options.engine.weights.i2s_layout, kI2sLayoutHelp)
      ->type_name("NAME")
      ->group(group)
      ->transform(CLI::CheckedTransformer(I2sLayoutNames()))
      ->default_str("128x32");
  app.add_option("--head", options.engine.weights.head, kHeadHelp)
      ->type_name("NAME")
      ->group(group)
      ->transform(CLI::CheckedTransformer(HeadFormatNames()))
      ->default_str("auto");
  app.add_option("--sparsity", options.engine.weights.sparsity, kSparsityHelp)
      ->type_name("on|off")
      ->group(group)
      ->transform(CLI::CheckedTransformer(SparsityNames()))
      ->default_str("off");
  app.add_flag("--lock-memory", options.engine.lock_memory, kLockMemoryHelp)->group(group);
  app.add_option("--use-metal", options.engine.use_metal, kUseMetalHelp)
      ->type_name("NAME")
      ->group(group)
      ->transform(CLI::CheckedTransformer(UseMetalNames()))
      ->default_str("off");
  app.add_option("--kv-type", options.engine.kv_type, kKvTypeHelp)
      ->type_name("NAME")
      ->group(group)
      ->transform(CLI::CheckedTransformer(KvTypeNames()))
      ->default_str("f16");
  app.add_option("--prefix-cache", options.engine.prefix_cache, kPrefixCacheHelp)
      ->type_name("on|off")
      ->group(group)
      ->transform(CLI::CheckedTransformer(PrefixCacheNames()))
      ->default_str("on");
  app.add_option(
         "--activations", leftovers.activations,
         "auto: what the model was trained with, int8 for most; f32: unrounded, and weights as float32, to "
         "measure what rounding costs. Takes 4 bytes a weight")
      ->type_name("NAME")
      ->group(group)
      ->check(CLI::IsMember({"auto", "f32"}))
      ->capture_default_str();
  app.add_option("--chunk-size", options.engine.chunk_size,
                 "Prompt tokens computed in one step at most: larger chunks read a prompt faster and take "
                 "more memory. No answer depends on it")
      ->type_name("N")
      ->group(group)
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxChunkSize));
  app.add_option("--speculate", options.engine.speculation, kSpeculationHelp)
      ->type_name("NAME")
      ->group(group)
      ->transform(CLI::CheckedTransformer(SpeculationNames()))
      ->default_str("lookup");
  app.add_option("--max-draft", options.engine.max_draft, "Tokens guessed in one step at most")
      ->type_name("N")
      ->group(group)
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxDraft));
}

void AddOutputOptions(CLI::App& app, InferOptions& options) {
  const std::string group = "Output";
  app.add_flag("-q,--quiet", options.quiet, "Print the answer and nothing else, except errors")->group(group);
  app.add_flag("--verbose-prompt", options.verbose_prompt,
               "Print the prompt's tokens, one per line, to stderr")
      ->group(group);
  app.add_option(
         "--logprobs", options.num_logprobs,
         "Print each token's log-probability and those of the N likeliest to stderr, after the answer")
      ->type_name("N")
      ->group(group)
      ->check(CLI::Range(0, 100));
  app.add_option("--perplexity", options.perplexity_file,
                 "Measure the model instead of generating. Each line of the file is {\"ids\": [...], "
                 "\"answer_start\": n}; the tokens from index n on count")
      ->type_name("PATH")
      ->group(group);
}

void Apply(const Leftovers& leftovers, InferOptions& options) {
  if (!leftovers.isa.empty()) {
    options.engine.cpu_features = FindIsa(leftovers.isa)->features;
  }
  if (leftovers.no_mmap) {
    options.engine.file_access = FileAccess::kRead;
  }
  options.engine.weights.float_activations = leftovers.activations == "f32";
  if (leftovers.chat || leftovers.raw) {
    options.format = leftovers.chat ? PromptFormat::kChat : PromptFormat::kRaw;
  }
  for (const std::string& adapter : leftovers.adapters) {
    options.adapters.push_back(ParseAdapterFile(adapter));
  }
  ApplyConstraint(leftovers, options);
  options.max_tokens = leftovers.n_predict < 0 ? 0 : leftovers.n_predict;
  options.engine.max_sequences = 1;
}

}  // namespace

std::variant<InferOptions, ExitNow> ParseInferOptions(int argc, char** argv) {
  InferOptions options;
  Leftovers leftovers;
  CLI::App app(kDescription, "bitnet-infer");
  app.footer(kExamples);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "bitnet-infer " + std::string(Version()), "Print the version and exit");
  AddInputOptions(app, options, leftovers);
  AddAnswerOptions(app, options, leftovers);
  AddConstraintOptions(app, leftovers);
  AddSamplingOptions(app, options.sampling);
  AddMachineOptions(app, options, leftovers);
  AddOutputOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too, with status 0.
    return ExitNow{app.exit(error, std::cout, std::cerr) == 0 ? 0 : kExitUsage};
  }
  if (options.interactive && leftovers.raw) {
    std::cerr << "--interactive excludes --raw: a conversation needs the chat format\n";
    return ExitNow{kExitUsage};
  }
  Apply(leftovers, options);
  return options;
}

}  // namespace bitnet

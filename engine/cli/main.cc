// bitnet-infer: one answer, or a conversation, in a terminal.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "base/default_model.h"
#include "base/machine_check.h"
#include "base/status_macros.h"
#include "engine/cli/conversation.h"
#include "engine/cli/generate.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/options.h"
#include "engine/cli/perplexity.h"
#include "engine/cli/prompt.h"
#include "engine/cli/summary.h"

namespace bitnet {
namespace {

constexpr int kExitError = 1;
constexpr int kExitInterrupted = 130;

void WriteText(std::string_view text) { std::cout << text << std::flush; }

void WriteNote(std::string_view text) { std::cerr << text; }

absl::StatusOr<int> Measure(const std::string& model_path, const InferOptions& options) {
  ASSIGN_OR_RETURN(const Perplexity perplexity, MeasurePerplexity(model_path, options));
  std::printf("perplexity %.4f over %zu tokens of %zu texts\n", perplexity.value, perplexity.tokens,
              perplexity.texts);
  return EXIT_SUCCESS;
}

absl::StatusOr<int> Converse(Engine& engine, const InferOptions& options, std::optional<std::string> first,
                             Interrupts& interrupts, bool stdin_is_terminal) {
  if (stdin_is_terminal && !options.quiet) {
    WriteNote(engine.config().name + ", " + std::to_string(engine.num_threads()) + " threads, " +
              engine.isa() + "\n/reset forgets, /exit or ctrl-D leaves, ctrl-C stops an answer.\n");
  }
  const auto read_line = [&]() -> std::optional<std::string> {
    if (stdin_is_terminal) {
      WriteNote("> ");
    }
    std::string line;
    if (!std::getline(std::cin, line)) {
      return std::nullopt;
    }
    return line;
  };
  RETURN_IF_ERROR(
      HoldConversation(engine, options, std::move(first), interrupts, {read_line, WriteText, WriteNote}));
  return EXIT_SUCCESS;
}

absl::StatusOr<int> AnswerOnce(Engine& engine, const InferOptions& options, const std::string& text,
                               Interrupts& interrupts, absl::Time start) {
  const absl::Duration load = absl::Now() - start;
  ASSIGN_OR_RETURN(std::vector<int32_t> ids,
                   EncodePromptText(options, engine.tokenizer(), engine.chat(), text));
  if (options.verbose_prompt) {
    WriteNote(DescribeTokens(engine.tokenizer(), ids));
  }
  ASSIGN_OR_RETURN(const Answer answer, Generate(engine, MakeRequest(options, std::move(ids)), options.stops,
                                                 interrupts, WriteText));
  WriteText("\n");
  if (options.num_logprobs >= 0) {
    WriteNote(DescribeLogprobs(engine.tokenizer(), answer.tokens));
  }
  if (!options.quiet) {
    WriteNote("\n" + RunSummary(engine, answer, load, absl::Now() - start));
  }
  return answer.end == AnswerEnd::kInterrupted ? kExitInterrupted : EXIT_SUCCESS;
}

absl::StatusOr<int> Run(InferOptions options, Interrupts& interrupts) {
  RETURN_IF_ERROR(CheckMachine());
  RETURN_IF_ERROR(ReadConstraintFile(options));
  std::string model_path = options.model_path;
  if (model_path.empty()) {
    ASSIGN_OR_RETURN(model_path, FindDefaultModel(std::getenv("BITNET_MODEL"), ProgramPath()));
  }
  if (!options.perplexity_file.empty()) {
    return Measure(model_path, options);
  }
  const bool stdin_is_terminal = isatty(STDIN_FILENO) == 1;
  ASSIGN_OR_RETURN(std::optional<std::string> text, ReadPromptText(options, stdin_is_terminal));
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Create(model_path, options.engine));
  if (const MemoryLockReport lock = engine->memory_lock(); !lock.problem.empty()) {
    WriteNote("weights may be paged out; not locked are " + lock.problem + "\n");
  }
  if (const std::vector<ThreadTrial> trials = engine->thread_trials(); !trials.empty() && !options.quiet) {
    WriteNote("threads " + std::to_string(engine->num_threads()) + ": " + DescribeTrials(trials) + "\n");
  }
  if (const GpuReport gpu = engine->stats().gpu; !gpu.note.empty() && !options.quiet) {
    WriteNote("no GPU: " + gpu.note + "\n");
  }
  for (size_t i = 0; i < options.adapters.size(); ++i) {
    RETURN_IF_ERROR(engine->LoadAdapter(AdapterName(i), options.adapters[i].path));
  }
  if (options.interactive || !text.has_value()) {
    return Converse(*engine, options, std::move(text), interrupts, stdin_is_terminal);
  }
  return AnswerOnce(*engine, options, *text, interrupts, start);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  const std::variant<bitnet::InferOptions, bitnet::ExitNow> parsed = bitnet::ParseInferOptions(argc, argv);
  if (const auto* exit_now = std::get_if<bitnet::ExitNow>(&parsed)) {
    return exit_now->status;
  }
  bitnet::Interrupts interrupts;
  const absl::StatusOr<int> status = bitnet::Run(std::get<bitnet::InferOptions>(parsed), interrupts);
  if (!status.ok()) {
    std::cerr << "bitnet-infer: " << status.status().message() << '\n';
    return bitnet::kExitError;
  }
  if (!std::cout.flush()) {
    std::cerr << "bitnet-infer: stdout could not be written\n";
    return bitnet::kExitError;
  }
  return *status;
}

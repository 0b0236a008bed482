// bitnet-bench: tokens per second of the engine, decoding and prefilling.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "engine/engine.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

struct BenchFlags {
  std::string model;
  std::string shape;
  std::string isa;
  std::vector<int> threads = {0};
  int repetitions = 5;
  int prompt_tokens = 0;
  int generated_tokens = 64;
  int sequences = 1;
};

enum class Phase { kPrefill, kDecode };

// Collects one generation's usage.
class UsageSink : public GenerationSink {
 public:
  void OnToken(const GeneratedToken&) override {}
  void OnFinished(FinishReason, const GenerationUsage& usage) override {
    usage_ = usage;
    finished_.Notify();
  }
  // Returns when the generation has finished.
  const GenerationUsage& usage() {
    finished_.WaitForNotification();
    return usage_;
  }

 private:
  GenerationUsage usage_;
  absl::Notification finished_;
};

// A model file that is removed again.
class TemporaryModel {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryModel>> Create(const std::string& shape_name) {
    if (shape_name != "2b-4t" && shape_name != "tiny") {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown shape ", shape_name, "; 2b-4t and tiny are known"));
    }
    auto model = std::make_unique<TemporaryModel>();
    model->path_ =
        (std::filesystem::temp_directory_path() / absl::StrCat("bitnet-bench-", getpid(), ".gguf")).string();
    std::cerr << "writing a random model of shape " << shape_name << " to " << model->path_ << "\n";
    RETURN_IF_ERROR(WriteRandomModel(shape_name == "2b-4t" ? k2b4tShape : RandomModelShape(), model->path_));
    return model;
  }
  ~TemporaryModel() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Tokens per second of one run, of all sequences together. Every repetition has prompts of its own, so that
// nothing cached from another helps.
absl::StatusOr<double> Measure(Engine& engine, Phase phase, const BenchFlags& flags, uint32_t seed) {
  std::vector<UsageSink> sinks(flags.sequences);
  for (int i = 0; i < flags.sequences; ++i) {
    GenerationRequest request;
    request.prompt = RandomTokens(flags.prompt_tokens, engine.config().vocab_size, seed * 1000 + i);
    request.max_tokens = phase == Phase::kPrefill ? 1 : flags.generated_tokens;
    request.ignore_eos = true;
    RETURN_IF_ERROR(engine.Submit(std::move(request), &sinks[i]).status());
  }
  double tokens = 0;
  absl::Duration longest;
  for (UsageSink& sink : sinks) {
    const GenerationUsage& usage = sink.usage();
    tokens += phase == Phase::kPrefill ? usage.prompt_tokens : usage.generated_tokens - 1;
    longest = std::max(longest,
                       phase == Phase::kPrefill ? usage.queue_time + usage.prefill_time : usage.decode_time);
  }
  return tokens / absl::ToDoubleSeconds(longest);
}

absl::StatusOr<EngineOptions> MakeOptions(const BenchFlags& flags, int threads) {
  EngineOptions options;
  options.num_threads = threads;
  options.max_sequences = flags.sequences;
  if (!flags.isa.empty()) {
    const Isa* isa = FindIsa(flags.isa);
    if (isa == nullptr || !Covers(DetectCpuFeatures(), isa->features)) {
      return absl::InvalidArgumentError(
          absl::StrCat("this CPU or program has no instruction set ", flags.isa));
    }
    options.cpu_features = isa->features;
  }
  return options;
}

absl::Status Run(Phase phase, const BenchFlags& flags) {
  std::unique_ptr<TemporaryModel> temporary;
  std::string path = flags.model;
  if (path.empty()) {
    ASSIGN_OR_RETURN(temporary, TemporaryModel::Create(flags.shape));
    path = temporary->path();
  }
  const char* name = phase == Phase::kPrefill ? "prefill" : "decode";
  for (const int threads : flags.threads) {
    ASSIGN_OR_RETURN(const EngineOptions options, MakeOptions(flags, threads));
    const absl::Time start = absl::Now();
    ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Create(path, options));
    std::cerr << absl::StrFormat("loaded in %.2f s\n", absl::ToDoubleSeconds(absl::Now() - start));
    std::vector<double> rates;
    // The first run touches every page and warms the caches; it is not counted.
    for (int repetition = 0; repetition <= flags.repetitions; ++repetition) {
      ASSIGN_OR_RETURN(const double rate, Measure(*engine, phase, flags, repetition + 1));
      std::cerr << absl::StrFormat("%s, %d threads, %d of %d: %.2f tokens/s\n", name, engine->num_threads(),
                                   repetition, flags.repetitions, rate);
      if (repetition > 0) rates.push_back(rate);
    }
    std::sort(rates.begin(), rates.end());
    if (threads == flags.threads.front()) {
      std::cout << "| test | isa | threads | sequences | prompt | generated | tokens/s (median) | lowest | "
                   "highest |\n"
                   "|---|---|---|---|---|---|---|---|---|\n";
    }
    std::cout << absl::StrFormat("| %s | %s | %d | %d | %d | %d | %.2f | %.2f | %.2f |\n", name,
                                 engine->isa(), engine->num_threads(), flags.sequences, flags.prompt_tokens,
                                 phase == Phase::kPrefill ? 1 : flags.generated_tokens,
                                 rates[rates.size() / 2], rates.front(), rates.back())
              << std::flush;
  }
  return absl::OkStatus();
}

void AddFlags(CLI::App* command, BenchFlags* flags) {
  auto* model = command->add_option("--model", flags->model, "Model file (GGUF)");
  auto* shape =
      command->add_option("--shape", flags->shape, "Random model of this shape instead: 2b-4t or tiny");
  model->excludes(shape);
  command->add_option("--threads", flags->threads, "Numbers of threads to measure with, as 1,2,4; 0: all")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  command->add_option("--isa", flags->isa, "Kernels up to this instruction set, as x86_avx2");
  command->add_option("--repetitions", flags->repetitions, "Counted runs; the median is reported")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--sequences", flags->sequences, "Generated for at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--prompt-tokens", flags->prompt_tokens, "Of each sequence")
      ->check(CLI::Range(1, 1 << 20));
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  using bitnet::Phase;
  CLI::App app(
      "Measures the engine; the table goes to stdout, progress to stderr. How to measure: bench/README.md.");
  app.set_version_flag("--version", "bitnet-bench " + std::string(bitnet::Version()));
  app.require_subcommand(1);
  bitnet::BenchFlags decode_flags;
  decode_flags.prompt_tokens = 16;
  bitnet::BenchFlags prefill_flags;
  prefill_flags.prompt_tokens = 128;
  CLI::App* decode = app.add_subcommand("decode", "Tokens generated per second, after the first");
  bitnet::AddFlags(decode, &decode_flags);
  decode->add_option("--generate", decode_flags.generated_tokens, "Tokens of each answer")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  CLI::App* prefill = app.add_subcommand("prefill", "Prompt tokens per second");
  bitnet::AddFlags(prefill, &prefill_flags);
  CLI11_PARSE(app, argc, argv);

  const bool is_decode = decode->parsed();
  const bitnet::BenchFlags& flags = is_decode ? decode_flags : prefill_flags;
  if (flags.model.empty() && flags.shape.empty()) {
    std::cerr << "bitnet-bench: needs --model or --shape\n";
    return 2;
  }
  if (const absl::Status status = bitnet::Run(is_decode ? Phase::kDecode : Phase::kPrefill, flags);
      !status.ok()) {
    std::cerr << "bitnet-bench: " << status << "\n";
    return 1;
  }
  return 0;
}

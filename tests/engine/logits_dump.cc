// Writes the logits of fixed token sequences to a file, for comparing machines, instruction sets, thread
// counts and batches byte by byte; and writes random models of any shape for measuring.
//
//   logits_dump --isa x86_avx2 --threads 2 --chunk 16 --batch 3 --output logits.bin [--model model.gguf]
//   logits_dump --write-model model.gguf --shape 2b-4t
//   logits_dump --model model.gguf --decode 64 [--batch 8]     (time per step)
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/available_isas.h"
#include "engine/cache/kv_type_names.h"
#include "engine/evaluate.h"
#include "engine/huggingface/open_model.h"
#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

struct Flags {
  std::string model;  // Empty: the random model.
  std::string isa;    // Empty: the best one.
  std::string kv_type = "f16";
  std::string output;
  std::string write_model;
  std::string shape = "tiny";
  int threads = 1;
  int chunk = 16;
  int batch = 1;
  int length = 40;  // Tokens of the longest sequence.
  int decode = 0;
};

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  const std::map<std::string, std::string*> strings = {{"--model", &flags.model},
                                                       {"--isa", &flags.isa},
                                                       {"--kv-type", &flags.kv_type},
                                                       {"--output", &flags.output},
                                                       {"--write-model", &flags.write_model},
                                                       {"--shape", &flags.shape}};
  const std::map<std::string, int*> ints = {{"--threads", &flags.threads},
                                            {"--chunk", &flags.chunk},
                                            {"--batch", &flags.batch},
                                            {"--length", &flags.length},
                                            {"--decode", &flags.decode}};
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) {
      return absl::InvalidArgumentError(absl::StrCat(name, " needs a value"));
    }
    if (const auto at = strings.find(name); at != strings.end()) {
      *at->second = argv[i + 1];
    } else if (const auto number = ints.find(name);
               number == ints.end() || !absl::SimpleAtoi(argv[i + 1], number->second)) {
      return absl::InvalidArgumentError(absl::StrCat("cannot use ", name, " ", argv[i + 1]));
    }
  }
  return flags;
}

absl::StatusOr<RandomModelShape> FindShape(const std::string& name) {
  if (name == "tiny") {
    return RandomModelShape();
  }
  if (name == "2b-4t") {
    return k2b4tShape;
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown shape ", name, "; tiny and 2b-4t are known"));
}

absl::StatusOr<EvaluatorOptions> MakeOptions(const Flags& flags) {
  EvaluatorOptions options{.num_threads = flags.threads,
                           .chunk_size = static_cast<size_t>(flags.chunk),
                           .max_batch = static_cast<size_t>(flags.batch)};
  const auto types = KvTypeNames();
  const auto type = types.find(flags.kv_type);
  if (type == types.end()) {
    return absl::InvalidArgumentError(absl::StrCat("unknown KV type ", flags.kv_type));
  }
  options.kv_type = type->second;
  if (!flags.isa.empty()) {
    const Isa* isa = FindAvailableIsa(flags.isa);
    if (isa == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("this CPU or program has no ", flags.isa));
    }
    options.cpu_features = isa->features;
  }
  return options;
}

// Sequences of different lengths and tokens. The logits of one do not depend on how many there are.
std::vector<std::vector<int32_t>> MakeSequences(const Flags& flags, size_t vocab_size) {
  std::vector<std::vector<int32_t>> sequences;
  for (int i = 0; i < flags.batch; ++i) {
    sequences.push_back(
        RandomTokens(flags.length - flags.length * i / (2 * flags.batch), vocab_size, 100 + i));
  }
  return sequences;
}

absl::Status Dump(const Flags& flags, Evaluator& evaluator) {
  ASSIGN_OR_RETURN(const auto logits,
                   evaluator.BatchLogits(MakeSequences(flags, evaluator.config().vocab_size)));
  std::ofstream out(flags.output, std::ios::binary);
  for (const std::vector<float>& rows : logits) {
    out.write(reinterpret_cast<const char*>(rows.data()),
              static_cast<std::streamsize>(rows.size() * sizeof(float)));
  }
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", flags.output));
}

struct NullSink : GenerationSink {
  void OnToken(const GeneratedToken&) override {}
  void OnFinished(FinishReason, const GenerationUsage&) override {}
};

// Greedy generation of `batch` sequences at once, through the scheduler.
absl::Status MeasureDecode(const Flags& flags, const EvaluatorOptions& options,
                           std::unique_ptr<ModelFile> file) {
  using Seconds = std::chrono::duration<double>;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto start = now();
  ThreadPool pool(options.num_threads);
  ASSIGN_OR_RETURN(const LoadedModel model, LoadedModel::Load(std::move(file), {}, pool));
  std::printf("load         %8.3f s\n", Seconds(now() - start).count());
  const size_t length = flags.length + flags.decode;
  KvCache cache(model.config, options.max_batch * NumBlocks(length), options.kv_type);
  Transformer transformer(
      model.config, model.weights, cache, options.cpu_features,
      {.max_tokens = options.chunk_size + options.max_batch, .max_logits = options.max_batch}, &pool);
  BatchScheduler scheduler(
      &transformer, &cache, &pool, model.config.vocab_size,
      {.chunk_size = options.chunk_size, .max_sequences = options.max_batch, .max_positions = length});
  NullSink sink;
  for (size_t i = 0; i < options.max_batch; ++i) {
    scheduler.Add(i, {.prompt = RandomTokens(flags.length, model.config.vocab_size, i)}, &sink);
  }
  double prefill_seconds = 0;
  double decode_seconds = 0;
  double decode_cpu_seconds = 0;  // Of all threads; for machines that others use too.
  size_t prefill_tokens = 0;
  size_t decode_tokens = 0;
  while (!scheduler.idle()) {
    const auto begin = now();
    const std::clock_t cpu_begin = std::clock();
    const StepReport report = scheduler.Step();
    const double seconds = Seconds(now() - begin).count();
    (report.prefill_tokens > 0 ? prefill_seconds : decode_seconds) += seconds;
    if (report.prefill_tokens == 0) {
      decode_cpu_seconds += static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    }
    prefill_tokens += report.prefill_tokens;
    decode_tokens += report.prefill_tokens > 0 ? 0 : report.decode_tokens;
  }
  std::printf("prefill      %8.2f tokens/s (%zu tokens)\n", prefill_tokens / prefill_seconds, prefill_tokens);
  std::printf("decode       %8.2f tokens/s (%zu tokens, %zu at once), %.2f per CPU second\n",
              decode_tokens / decode_seconds, decode_tokens, options.max_batch,
              decode_tokens / decode_cpu_seconds);
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  ASSIGN_OR_RETURN(const Flags flags, ParseFlags(argc, argv));
  ASSIGN_OR_RETURN(const RandomModelShape shape, FindShape(flags.shape));
  if (!flags.write_model.empty()) {
    return WriteRandomModel(shape, flags.write_model);
  }
  ASSIGN_OR_RETURN(const EvaluatorOptions options, MakeOptions(flags));
  std::vector<uint8_t> bytes;
  std::unique_ptr<ModelFile> file;
  if (flags.model.empty()) {
    bytes = RandomModel(shape);
    ASSIGN_OR_RETURN(file, ModelFile::Parse(bytes, "random"));
  } else {
    ASSIGN_OR_RETURN(file, OpenModel(flags.model, FileAccess::kMap));
  }
  if (flags.decode > 0) {
    return MeasureDecode(flags, options, std::move(file));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator, Evaluator::Create(std::move(file), options));
  return Dump(flags, *evaluator);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  const absl::Status status = bitnet::Main(argc, argv);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

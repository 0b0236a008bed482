#include <fstream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/models/bench_model.h"
#include "bench/run/divergence.h"
#include "bench/run/model_commands.h"
#include "bench/run/session.h"
#include "engine/available_isas.h"
#include "engine/cache/kv_type_names.h"
#include "engine/cli/perplexity.h"
#include "engine/evaluate.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

// A model and how it is loaded.
struct Way {
  std::shared_ptr<const BenchModel> model;
  EvaluatorOptions options;
};

// Of the texts that a made model is given.
constexpr int kRandomTexts = 4;
constexpr size_t kRandomTokens = 96;

absl::StatusOr<std::shared_ptr<const BenchModel>> OpenModelOf(const BenchOptions& options) {
  ASSIGN_OR_RETURN(BenchModel model, BenchModel::Open(options, kRandomTokens));
  return std::make_shared<const BenchModel>(std::move(model));
}

absl::StatusOr<Way> MeasuredWay(const BenchOptions& options) {
  if (options.shape.empty() == options.file.empty()) {
    return absl::InvalidArgumentError(
        "perplexity needs a file of texts, or a --shape, whose random weights are given random tokens");
  }
  if (!options.shape.empty() && options.against.empty()) {
    return absl::InvalidArgumentError("random weights predict nothing: a --shape needs --against");
  }
  Way way;
  ASSIGN_OR_RETURN(way.model, OpenModelOf(options));
  const int threads = ThreadCounts(options.threads).front();
  ASSIGN_OR_RETURN(const EngineOptions engine, MakeEngineOptions(options, threads));
  way.options.num_threads = threads;
  way.options.cpu_features = engine.cpu_features;
  way.options.weights = engine.weights;
  way.options.kv_type = engine.kv_type;
  return way;
}

absl::Status NoSuch(const std::string& against, const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("--against ", against, ": no such ", what));
}

// `against` is a model, or name=value of what is loaded otherwise.
absl::StatusOr<Way> ReferenceWay(const std::string& against, Way way) {
  const std::string value = against.substr(against.find('=') + 1);
  if (against == "activations=f32") {
    way.options.weights.float_activations = true;
  } else if (absl::StartsWith(against, "isa=")) {
    const Isa* isa = FindAvailableIsa(value);
    if (isa == nullptr) {
      return NoSuch(against, "instruction set here");
    }
    way.options.cpu_features = isa->features;
  } else if (absl::StartsWith(against, "head=")) {
    const auto format = HeadFormatNames().find(value);
    if (format == HeadFormatNames().end()) return NoSuch(against, "format of heads");
    way.options.weights.head = format->second;
  } else if (absl::StartsWith(against, "kv=")) {
    const auto names = KvTypeNames();
    const auto type = names.find(value);
    if (type == names.end()) return NoSuch(against, "type of keys and values");
    way.options.kv_type = type->second;
  } else {
    BenchOptions other;
    other.model = against;
    ASSIGN_OR_RETURN(way.model, OpenModelOf(other));
  }
  return way;
}

absl::StatusOr<std::unique_ptr<Evaluator>> Load(const Way& way) {
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, way.model->File(FileAccess::kMap));
  return Evaluator::Create(std::move(file), way.options);
}

absl::Status Score(const ScoredText& text, Evaluator& model, Evaluator* reference, Divergence& divergence) {
  ASSIGN_OR_RETURN(const std::vector<float> logits, model.Logits(text.ids));
  std::vector<float> other;
  if (reference != nullptr) {
    ASSIGN_OR_RETURN(other, reference->Logits(text.ids));
  }
  const size_t vocab = model.config().vocab_size;
  for (size_t i = text.answer_start; i < text.ids.size(); ++i) {
    const size_t at = (i - 1) * vocab;
    const auto row = [&](const std::vector<float>& all) {
      return all.empty() ? std::span<const float>() : std::span(all).subspan(at, vocab);
    };
    divergence.Add(row(logits), row(other), text.ids[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<Divergence> ScoreFile(const std::string& path, Evaluator& model, Evaluator* reference) {
  std::ifstream lines(path);
  if (!lines) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  Divergence divergence;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const absl::StatusOr<ScoredText> text = ParseScoredText(line);
    const absl::Status status = text.ok() ? Score(*text, model, reference, divergence) : text.status();
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrFormat("%s: line %d: %s", path, number, status.message()));
    }
  }
  if (divergence.tokens() == 0)
    return absl::InvalidArgumentError(absl::StrCat(path, ": has no line to measure"));
  return divergence;
}

absl::StatusOr<Divergence> ScoreRandomTexts(Evaluator& model, Evaluator* reference) {
  Divergence divergence;
  for (int i = 0; i < kRandomTexts; ++i) {
    const ScoredText text = {.ids = RandomTokens(kRandomTokens, model.config().vocab_size, i + 1),
                             .answer_start = 1};
    RETURN_IF_ERROR(Score(text, model, reference, divergence));
  }
  return divergence;
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunPerplexityCommand(const BenchOptions& options) {
  ASSIGN_OR_RETURN(const Way way, MeasuredWay(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> model, Load(way));
  std::unique_ptr<Evaluator> reference;
  if (!options.against.empty()) {
    ASSIGN_OR_RETURN(const Way other, ReferenceWay(options.against, way));
    ASSIGN_OR_RETURN(reference, Load(other));
    if (reference->config().vocab_size != model->config().vocab_size) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s has %d tokens and %s %d: their predictions cannot be compared", way.model->name(),
          model->config().vocab_size, other.model->name(), reference->config().vocab_size));
    }
  }
  ASSIGN_OR_RETURN(const Divergence divergence, options.file.empty()
                                                    ? ScoreRandomTexts(*model, reference.get())
                                                    : ScoreFile(options.file, *model, reference.get()));
  Record record;
  record["benchmark"] = "perplexity";
  record["model"] = way.model->name();
  AddIdentity(record);
  record["isa"] = std::string(BestIsa(way.options.cpu_features).name);
  record["perplexity"] = divergence.perplexity();
  record["scored_tokens"] = divergence.tokens();
  if (reference != nullptr) {
    record["against"] = options.against;
    record["against_perplexity"] = divergence.reference_perplexity();
    record["kl_per_token"] = divergence.mean_kl();
    record["same_top_token"] = divergence.same_top();
  }
  return std::vector<Record>{std::move(record)};
}

}  // namespace bitnet

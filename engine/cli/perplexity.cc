#include "engine/cli/perplexity.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/adapters/adapter_lease.h"
#include "engine/adapters/open_adapter.h"
#include "engine/evaluate.h"
#include "engine/huggingface/open_model.h"
#include "engine/threads/default_threads.h"

namespace bitnet {
namespace {

double LogProbability(std::span<const float> logits, int32_t id) {
  const double max = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(logit - max);
  }
  return logits[id] - max - std::log(sum);
}

// Nothing is measured for `auto`: long texts are not bound by memory as single steps are.
int NumThreads(const InferOptions& options) {
  return options.engine.num_threads > 0 ? options.engine.num_threads : DefaultThreads(ReadThreadFacts());
}

absl::Status Score(Evaluator& evaluator, const ScoredText& text, std::span<const ActiveAdapter> adapters,
                   double& log_probability) {
  ASSIGN_OR_RETURN(const std::vector<float> logits, evaluator.Logits(text.ids, adapters));
  const size_t vocab_size = evaluator.config().vocab_size;
  for (size_t i = text.answer_start; i < text.ids.size(); ++i) {
    log_probability +=
        LogProbability(std::span(logits).subspan((i - 1) * vocab_size, vocab_size), text.ids[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Perplexity> MeasurePerplexity(const std::string& model_path, const InferOptions& options) {
  const std::string& path = options.perplexity_file;
  std::ifstream lines(path);
  if (!lines) {
    return absl::NotFoundError(absl::StrFormat("%s: cannot be opened", path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, OpenModel(model_path, options.engine.file_access));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluator> evaluator,
      Evaluator::Create(std::move(file), {.num_threads = NumThreads(options),
                                          .cpu_features = options.engine.cpu_features,
                                          .chunk_size = static_cast<size_t>(options.engine.chunk_size),
                                          .weights = options.engine.weights,
                                          .kv_type = options.engine.kv_type}));
  AdapterLease adapters;
  for (const AdapterFile& adapter : options.adapters) {
    ASSIGN_OR_RETURN(std::unique_ptr<Adapter> opened,
                     OpenAdapter(adapter.path, evaluator->config(), options.engine.max_adapter_bytes));
    adapters.Add(std::move(opened), adapter.scale);
  }
  Perplexity result;
  double log_probability = 0;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    absl::StatusOr<ScoredText> text = ParseScoredText(line);
    const absl::Status status =
        text.ok() ? Score(*evaluator, *text, adapters.list(), log_probability) : text.status();
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrFormat("%s: line %d: %s", path, number, status.message()));
    }
    result.tokens += text->ids.size() - text->answer_start;
    ++result.texts;
  }
  if (result.texts == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: has no line to measure", path));
  }
  result.value = std::exp(-log_probability / static_cast<double>(result.tokens));
  return result;
}

}  // namespace bitnet

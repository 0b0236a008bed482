#include "bench/predict/predict_command.h"

#include <algorithm>
#include <string>

#include "base/status_macros.h"
#include "bench/predict/prediction.h"
#include "bench/predict/published.h"

namespace bitnet {
namespace {

Record NewRecord(const char* benchmark, const std::string& model, const char* chip, const char* runs_on) {
  Record record;
  record["benchmark"] = benchmark;
  record["model"] = model;
  record["chip"] = chip;
  record["runs_on"] = runs_on;
  return record;
}

Record NewPrediction(const MacChip& chip, const PredictedModel& model, const char* runs_on) {
  Record record = NewRecord("predicted", model.shape.name, chip.name, runs_on);
  record["type"] = model.type.name;
  record["head"] = model.has_int6_head() ? "int6" : model.head.name;
  return record;
}

void AddDecoding(const StepTokens& tokens, double seconds, double watts, uint64_t step_bytes,
                 Record& record) {
  const Prediction prediction = DecodingFor(seconds, tokens.tokens, watts);
  record["batch"] = tokens.tokens;
  record["context"] = tokens.context;
  record["tokens_per_second"] = prediction.tokens_per_second;
  record["bytes_per_token"] = static_cast<double>(step_bytes) / static_cast<double>(tokens.tokens);
  record["joules_per_token"] = prediction.joules_per_token;
}

absl::Status PredictDecoding(const MacChip& chip, const PredictedModel& model, const StepTokens& tokens,
                             std::vector<Record>& records) {
  ASSIGN_OR_RETURN(const std::vector<DispatchCost> step, GpuStep(model, tokens));
  uint64_t fewest = UINT64_MAX;  // SIMD groups of a product.
  for (const DispatchCost& dispatch : step) {
    if (dispatch.bytes > 0) fewest = std::min(fewest, dispatch.simdgroups);
  }
  Record gpu = NewPrediction(chip, model, "gpu");
  gpu["dispatches"] = step.size();
  gpu["simdgroups_per_core"] = static_cast<double>(fewest) / chip.gpu_cores;
  AddDecoding(tokens, GpuSeconds(chip, step), kGpuCoreWatts * chip.gpu_cores, TotalBytes(step), gpu);
  records.push_back(std::move(gpu));
  const CpuStepCost cost = CpuStep(model, tokens);
  Record cpu = NewPrediction(chip, model, "cpu");
  AddDecoding(tokens, CpuDecodeSeconds(chip, cost), kCpuCoreWatts * chip.performance_cores, cost.bytes, cpu);
  records.push_back(std::move(cpu));
  return absl::OkStatus();
}

// No joules: the watts of cores are those of decoding, which leaves the matrix units idle.
absl::Status PredictPrompt(const MacChip& chip, const PredictedModel& model, size_t prompt_tokens,
                           size_t chunk_size, std::vector<Record>& records) {
  double gpu_seconds = 0, cpu_seconds = 0;
  for (const StepTokens& tokens : PromptSteps(prompt_tokens, chunk_size)) {
    ASSIGN_OR_RETURN(const std::vector<DispatchCost> step, GpuStep(model, tokens));
    gpu_seconds += GpuSeconds(chip, step);
    cpu_seconds += CpuPromptSeconds(chip, CpuStep(model, tokens));
  }
  const auto add = [&](const char* runs_on, double seconds) {
    Record record = NewPrediction(chip, model, runs_on);
    record["prompt_tokens"] = prompt_tokens;
    record["chunk_size"] = chunk_size;
    record["tokens_per_second"] = static_cast<double>(prompt_tokens) / seconds;
    records.push_back(std::move(record));
  };
  add("gpu", gpu_seconds);
  add("cpu", cpu_seconds);
  return absl::OkStatus();
}

absl::Status Predict(const MacChip& chip, const PredictedModel& model, const BenchOptions& options,
                     std::vector<Record>& records) {
  for (const int batch : options.batch) {
    for (const int context : options.contexts) {
      const StepTokens tokens = {.tokens = static_cast<uint64_t>(batch),
                                 .context = static_cast<uint64_t>(context)};
      RETURN_IF_ERROR(PredictDecoding(chip, model, tokens, records));
    }
  }
  for (const int prompt : options.prompt_tokens) {
    for (const int chunk : options.chunk_sizes) {
      RETURN_IF_ERROR(PredictPrompt(chip, model, prompt, chunk, records));
    }
  }
  return absl::OkStatus();
}

void AddPublished(const std::vector<MacChip>& chips, std::vector<Record>& records) {
  const auto of_chips = [&](const PublishedFigure& figure) {
    return std::ranges::any_of(chips,
                               [&](const MacChip& chip) { return std::string(figure.chip) == chip.name; });
  };
  const bool any = std::ranges::any_of(PublishedFigures(), of_chips);
  for (const PublishedFigure& figure : PublishedFigures()) {
    if (any && !of_chips(figure)) continue;
    Record record = NewRecord("published", figure.model, figure.chip, figure.runs_on);
    record["variant"] = figure.program;
    if (figure.prompt_tokens > 0) {
      record["prompt_tokens"] = figure.prompt_tokens;
    } else {
      record["batch"] = 1;
    }
    record["tokens_per_second"] = figure.tokens_per_second;
    if (figure.joules_per_token > 0) record["joules_per_token"] = figure.joules_per_token;
    record["source"] = figure.source;
    records.push_back(std::move(record));
  }
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunPredictCommand(const BenchOptions& options) {
  std::vector<MacChip> chips(KnownMacChips().begin(), KnownMacChips().end());
  if (options.chip != "all") {
    ASSIGN_OR_RETURN(const MacChip chip, FindChip(options.chip));
    chips = {chip};
  }
  PredictedModel model;
  ASSIGN_OR_RETURN(model.shape, FindShape(options.shape));
  ASSIGN_OR_RETURN(model.type, FindWeightType(options.type.empty() ? model.shape.type : options.type));
  ASSIGN_OR_RETURN(model.head, FindWeightType(options.head.empty() ? model.shape.head : options.head));
  model.head_format = options.head_format;
  std::vector<Record> records;
  for (const MacChip& chip : chips) RETURN_IF_ERROR(Predict(chip, model, options, records));
  AddPublished(chips, records);
  return records;
}

}  // namespace bitnet

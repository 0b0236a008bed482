#include "bench/predict/predict_command.h"

#include <algorithm>
#include <string>

#include "base/status_macros.h"
#include "bench/predict/decode_cost.h"
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

void AddPrediction(const Prediction& prediction, uint64_t step_bytes, size_t batch, Record& record) {
  record["tokens_per_second"] = prediction.tokens_per_second;
  record["bytes_per_token"] = static_cast<double>(step_bytes) / static_cast<double>(batch);
  record["joules_per_token"] = prediction.joules_per_token;
}

struct Subject {
  MacChip chip;
  ModelShape shape;
  WeightType type, head;
};

Record NewPrediction(const Subject& subject, const char* runs_on, size_t batch, size_t context) {
  Record record = NewRecord("predicted", subject.shape.name, subject.chip.name, runs_on);
  record["type"] = subject.type.name;
  record["batch"] = batch;
  record["context"] = context;
  return record;
}

absl::Status Predict(const Subject& subject, size_t batch, size_t context, std::vector<Record>& records) {
  ASSIGN_OR_RETURN(const std::vector<DispatchCost> step,
                   GpuStep(subject.shape, subject.type, subject.head, batch, context));
  uint64_t fewest = UINT64_MAX;  // SIMD groups of a product.
  for (const DispatchCost& dispatch : step) {
    if (dispatch.bytes > 0) fewest = std::min(fewest, dispatch.simdgroups);
  }
  ASSIGN_OR_RETURN(const uint64_t cpu_bytes,
                   CpuStepBytes(subject.shape, subject.type, subject.head, batch, context));
  Record gpu = NewPrediction(subject, "gpu", batch, context);
  gpu["dispatches"] = step.size();
  gpu["simdgroups_per_core"] = static_cast<double>(fewest) / subject.chip.gpu_cores;
  AddPrediction(PredictGpu(subject.chip, step, batch), TotalBytes(step), batch, gpu);
  records.push_back(std::move(gpu));
  Record cpu = NewPrediction(subject, "cpu", batch, context);
  AddPrediction(PredictCpu(subject.chip, cpu_bytes, batch), cpu_bytes, batch, cpu);
  records.push_back(std::move(cpu));
  return absl::OkStatus();
}

void AddPublished(const MacChip& chip, std::vector<Record>& records) {
  const auto of_chip = [&](const PublishedFigure& figure) { return std::string(figure.chip) == chip.name; };
  const bool any = std::ranges::any_of(PublishedFigures(), of_chip);
  for (const PublishedFigure& figure : PublishedFigures()) {
    if (any && !of_chip(figure)) continue;
    Record record = NewRecord("published", figure.model, figure.chip, figure.runs_on);
    record["variant"] = figure.program;
    record["batch"] = 1;
    record["tokens_per_second"] = figure.tokens_per_second;
    if (figure.joules_per_token > 0) record["joules_per_token"] = figure.joules_per_token;
    record["source"] = figure.source;
    records.push_back(std::move(record));
  }
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunPredictCommand(const BenchOptions& options) {
  Subject subject;
  ASSIGN_OR_RETURN(subject.chip, FindChip(options.chip));
  ASSIGN_OR_RETURN(subject.shape, FindShape(options.shape));
  ASSIGN_OR_RETURN(subject.type, FindWeightType(options.type.empty() ? subject.shape.type : options.type));
  ASSIGN_OR_RETURN(subject.head, FindWeightType(options.head.empty() ? subject.shape.head : options.head));
  std::vector<Record> records;
  for (const int batch : options.batch) {
    for (const int context : options.contexts) {
      RETURN_IF_ERROR(Predict(subject, batch, context, records));
    }
  }
  AddPublished(subject.chip, records);
  return records;
}

}  // namespace bitnet

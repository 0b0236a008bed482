#include "engine/convert/converter.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/convert/encode_tensor.h"
#include "engine/convert/tensor_facts.h"
#include "engine/convert/verify.h"
#include "engine/model/gguf_writer.h"
#include "engine/model/model_config.h"

namespace bitnet {
namespace {

// The largest page of the machines that a packed file may be mapped on.
constexpr uint64_t kPageAlignment = 16384;
constexpr uint64_t kUsualAlignment = 32;
// Smaller tensors may share pages with memory of ours that would not come back.
constexpr size_t kWorthReleasing = size_t{4} << 20;
constexpr size_t kPieceBytes = size_t{32} << 20;

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

// Lets go of a mapped tensor's pages, which are read again from the file if they are touched again: a model
// larger than the memory is converted, too.
void Release(std::span<const uint8_t> mapped) {
  if (mapped.size() < kWorthReleasing) {
    return;
  }
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(mapped.data()) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(mapped.data()) + mapped.size()) / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): rounded to a page.
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// Writes a tensor, piece by piece where it comes from the input's mapping.
absl::Status Append(std::span<const uint8_t> bytes, bool mapped, GgufFileWriter& writer) {
  while (!bytes.empty()) {
    const std::span<const uint8_t> piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    RETURN_IF_ERROR(writer.Append(piece));
    if (mapped) {
      Release(piece);
    }
    bytes = bytes.subspan(piece.size());
  }
  return absl::OkStatus();
}

uint64_t TensorBytes(const ModelFile& file) {
  return std::accumulate(file.tensors().begin(), file.tensors().end(), uint64_t{0},
                         [](uint64_t sum, const ModelTensor& tensor) { return sum + tensor.data.size(); });
}

// The same of what a conversion reads: a tensor that becomes two counts twice.
uint64_t PlannedBytes(const ModelFile& file, const ConversionPlan& plan) {
  return std::accumulate(plan.tensors.begin(), plan.tensors.end(), uint64_t{0},
                         [&](uint64_t sum, const TensorPlan& planned) {
                           return sum + file.tensors()[planned.source].data.size();
                         });
}

// Counts the input's bytes of one stage.
class Stage {
 public:
  Stage(std::string_view name, uint64_t total_bytes, ConvertProgressFn progress)
      : progress_(progress), state_{.stage = name, .total_bytes = total_bytes} {}

  absl::Status Begin(const ModelTensor& tensor) {
    state_.tensor = tensor.name;
    return Show();
  }
  void End(const ModelTensor& tensor) {
    state_.done_bytes += tensor.data.size();
    Release(tensor.data);
  }
  absl::Status Done() {
    state_.tensor = {};
    return Show();
  }

 private:
  absl::Status Show() { return progress_(state_) ? absl::OkStatus() : absl::CancelledError("interrupted"); }

  ConvertProgressFn progress_;
  ConvertProgress state_;
};

// What packed layouts depend on. Other types do not, and are written of models that we cannot run as well.
absl::StatusOr<ActivationPolicy> Activations(const ModelFile& input, const ConvertOptions& options) {
  absl::StatusOr<ModelConfig> config = ReadModelConfig(input);
  if (config.ok()) {
    return config->activations;
  }
  if (options.pack == PackMode::kNone) {
    return ActivationPolicy::kByTensor;
  }
  return config.status();
}

absl::StatusOr<std::vector<EncodeError>> ReadBack(const ModelFile& input, const ConversionPlan& plan,
                                                  I2sLayout i2s, const std::string& path, ThreadPool& pool,
                                                  ConvertProgressFn progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelFile> written, ModelFile::Open(path, FileAccess::kMap));
  if (written->tensors().size() != plan.tensors.size()) {
    return absl::DataLossError(absl::StrCat(path, ": reading back: has ", written->tensors().size(),
                                            " tensors of ", plan.tensors.size()));
  }
  for (const auto& [key, value] : plan.keys) {
    if (!written->Has(key)) {
      return absl::DataLossError(absl::StrCat(path, ": reading back: lacks the key ", key));
    }
  }
  std::vector<EncodeError> errors;
  Stage stage("reading back", PlannedBytes(input, plan), progress);
  for (const TensorPlan& planned : plan.tensors) {
    const ModelTensor& source = input.tensors()[planned.source];
    RETURN_IF_ERROR(stage.Begin(source));
    ASSIGN_OR_RETURN(const ModelTensor* tensor, written->GetTensor(planned.name));
    ASSIGN_OR_RETURN(const EncodeError error, VerifyTensor(source, *tensor, planned, i2s, pool));
    errors.push_back(error);
    stage.End(source);
    Release(tensor->data);
  }
  RETURN_IF_ERROR(stage.Done());
  return errors;
}

}  // namespace

absl::StatusOr<ConversionPlan> PlanConversionOf(const ModelFile& input, const ConvertOptions& options,
                                                ThreadPool& pool, ConvertProgressFn progress) {
  ConversionPlan plan;
  ASSIGN_OR_RETURN(const ActivationPolicy activations, Activations(input, options));
  std::vector<TensorFacts> facts;
  Stage stage("examining", TensorBytes(input), progress);
  for (const ModelTensor& tensor : input.tensors()) {
    RETURN_IF_ERROR(stage.Begin(tensor));
    absl::StatusOr<TensorFacts> found = FindFacts(tensor, options.i2s_layout, pool);
    if (!found.ok()) {
      return InFile(input.path(), found.status());
    }
    facts.push_back(*std::move(found));
    stage.End(tensor);
  }
  RETURN_IF_ERROR(stage.Done());
  const bool measure = options.pack == PackMode::kAuto && options.target == TargetArch::kNative;
  plan.chip = measure ? MeasureThisChip(pool) : ListedChip(options.target);
  plan.alignment = options.pack == PackMode::kNone ? kUsualAlignment : kPageAlignment;
  absl::StatusOr<std::vector<TensorPlan>> tensors = PlanConversion(facts, options, activations, plan.chip);
  if (!tensors.ok()) {
    return InFile(input.path(), tensors.status());
  }
  const absl::StatusOr<ModelConfig> config = ReadModelConfig(input);
  if (config.ok()) {
    PlanPackedHead(facts, options, config->head_is_embedding || !input.GetTensor("output.weight").ok(),
                   *tensors);
  }
  plan.keys = PlanKeys(input, facts, *tensors, activations);
  plan.tensors = *std::move(tensors);
  return plan;
}

absl::StatusOr<std::vector<EncodeError>> WriteConversion(const ModelFile& input, const ConversionPlan& plan,
                                                         I2sLayout i2s, const std::string& output,
                                                         bool overwrite, ThreadPool& pool,
                                                         ConvertProgressFn progress) {
  std::vector<GgufTensorPlan> layout;
  for (const TensorPlan& planned : plan.tensors) {
    layout.push_back({.name = planned.name,
                      .type = planned.to,
                      .dims = input.tensors()[planned.source].dims,
                      .bytes = planned.bytes});
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<GgufFileWriter> writer,
                   GgufFileWriter::Create(output, plan.keys, std::move(layout),
                                          {.alignment = plan.alignment, .overwrite = overwrite}));
  std::vector<uint8_t> memory;
  Stage stage("writing", PlannedBytes(input, plan), progress);
  for (const TensorPlan& planned : plan.tensors) {
    const ModelTensor& tensor = input.tensors()[planned.source];
    RETURN_IF_ERROR(stage.Begin(tensor));
    absl::StatusOr<std::span<const uint8_t>> bytes = ConvertTensor(tensor, planned, i2s, pool, memory);
    if (!bytes.ok()) {
      return InFile(input.path(), bytes.status());
    }
    RETURN_IF_ERROR(Append(bytes->first(planned.bytes), planned.copy, *writer));
    stage.End(tensor);
  }
  RETURN_IF_ERROR(stage.Done());
  memory = {};
  ASSIGN_OR_RETURN(std::vector<EncodeError> errors,
                   ReadBack(input, plan, i2s, writer->temporary(), pool, progress));
  RETURN_IF_ERROR(writer->Finish());
  return errors;
}

}  // namespace bitnet

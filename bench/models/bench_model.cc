#include "bench/models/bench_model.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/default_model.h"
#include "base/status_macros.h"
#include "engine/available_isas.h"
#include "engine/huggingface/open_model.h"

namespace bitnet {
namespace {

absl::StatusOr<std::unique_ptr<MadeModel>> Make(const BenchOptions& options, size_t positions) {
  ASSIGN_OR_RETURN(ModelShape shape, FindShape(options.shape));
  // Both one type, where the shape's are one and another is asked for.
  const bool same = std::string_view(shape.head) == shape.type;
  const std::string type_name = options.type.empty() ? shape.type : options.type;
  const std::string head_name = !options.head.empty() ? options.head : same ? type_name : shape.head;
  ASSIGN_OR_RETURN(const WeightType type, FindWeightType(type_name));
  ASSIGN_OR_RETURN(const WeightType head, FindWeightType(head_name));
  shape.max_seq_len = std::max(shape.max_seq_len, positions);
  if (options.progress) {
    std::cerr << absl::StrFormat("making a random model of shape %s: layers %s, head %s\n", shape.name,
                                 type_name, head_name);
  }
  return MadeModel::Create(shape, type, head);
}

absl::Status CheckPositions(const ModelFile& file, size_t positions) {
  ASSIGN_OR_RETURN(const ModelConfig config, ReadModelConfig(file));
  if (positions <= config.max_seq_len) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: sequences have %d positions; what comes before and what is measured need %d",
                      file.path(), config.max_seq_len, positions));
}

}  // namespace

absl::StatusOr<BenchModel> BenchModel::Open(const BenchOptions& options, size_t positions) {
  BenchModel model;
  model.positions_ = positions;
  if (!options.shape.empty()) {
    ASSIGN_OR_RETURN(model.made_, Make(options, positions));
    model.name_ = options.shape;
    return model;
  }
  model.path_ = options.model;
  if (model.path_.empty()) {
    ASSIGN_OR_RETURN(model.path_, FindDefaultModel(std::getenv("BITNET_MODEL"), ProgramPath()));
  }
  const std::filesystem::path path(model.path_);
  model.name_ = (path.has_filename() ? path : path.parent_path()).filename().string();
  return model;
}

absl::StatusOr<std::unique_ptr<ModelFile>> BenchModel::File(FileAccess access) const {
  return made_ != nullptr ? made_->File() : OpenModel(path_, access);
}

absl::StatusOr<LoadedEngine> BenchModel::Load(const EngineOptions& options) const {
  LoadedEngine loaded;
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, File(options.file_access));
  if (const auto tensor = file->GetTensor("blk.0.ffn_down.weight"); tensor.ok()) {
    loaded.type = std::string(GgmlTypeName((*tensor)->type));
  }
  RETURN_IF_ERROR(CheckPositions(*file, positions_));
  ASSIGN_OR_RETURN(loaded.engine, Engine::Create(std::move(file), options));
  loaded.load_time = absl::Now() - start;
  return loaded;
}

absl::StatusOr<EngineOptions> MakeEngineOptions(const BenchOptions& options, int threads) {
  EngineOptions engine;
  engine.num_threads = threads;
  engine.step_time = absl::ZeroDuration();  // Chunks are what is measured.
  engine.prefix_cache = false;              // What is repeated is to be computed again.
  engine.chunk_size = options.chunk_sizes.front();
  engine.weights.head = options.head_format;
  engine.kv_type = options.kv_type;
  // What is timed is steps: a random model repeats itself and would have every guess right.
  engine.speculation = Speculation::kOff;
  engine.weights.sparsity = options.sparsity;
  engine.use_metal = options.use_metal;
  if (!options.isa.empty()) {
    const Isa* isa = FindAvailableIsa(options.isa);
    if (isa == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("this CPU or program has no instruction set ", options.isa));
    }
    engine.cpu_features = isa->features;
  }
  return engine;
}

}  // namespace bitnet

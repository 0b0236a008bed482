#include <algorithm>

#include "base/status_macros.h"
#include "bench/machine/memory.h"
#include "bench/models/bench_model.h"
#include "bench/run/decode_run.h"
#include "bench/run/model_commands.h"
#include "bench/run/rates.h"
#include "bench/run/session.h"

namespace bitnet {
namespace {

// A step reads every weight once for all sequences, and each sequence's keys and values.
Work WorkOf(const DecodePlan& plan, const ModelCost& cost, double mean_position) {
  const double tokens = static_cast<double>(plan.batch) * plan.steps;
  const double weights = static_cast<double>(cost.layer_bytes + cost.head_bytes);
  return {
      .tokens = tokens,
      .bytes = weights * plan.steps + tokens * mean_position * static_cast<double>(cost.kv_position_bytes),
      .macs = tokens * static_cast<double>(cost.layer_weights + cost.head_weights)};
}

std::vector<DecodePlan> Plans(const BenchOptions& options) {
  std::vector<DecodePlan> plans;
  for (const int context : options.contexts) {
    for (const int batch : options.batch) {
      plans.push_back({.batch = batch,
                       .context = context,
                       .steps = options.steps,
                       .repetitions = options.repetitions,
                       .chunk_size = options.chunk_sizes.front()});
    }
  }
  return plans;
}

void AddDensity(const Engine& engine, Record& record) {
  if (const auto density = MeanDensity(engine.stats().density, engine.config().ffn_dim)) {
    record["up_rows_share"] = density->rows;
    record["down_columns_share"] = density->columns;
  }
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunDecodeCommand(const BenchOptions& options, Machine& machine) {
  const std::vector<DecodePlan> plans = Plans(options);
  size_t positions = 0;
  size_t cache_tokens = 0;
  for (const DecodePlan& plan : plans) {
    constexpr size_t kBlock = 64;  // At least the cache's blocks, whose last one is rarely full.
    positions = std::max(positions, plan.positions());
    cache_tokens = std::max(cache_tokens, plan.batch * (plan.positions() + kBlock));
  }
  ASSIGN_OR_RETURN(const BenchModel model, BenchModel::Open(options, positions));
  std::vector<Record> records;
  for (const int threads : ThreadCounts(options.threads)) {
    ASSIGN_OR_RETURN(EngineOptions engine_options, MakeEngineOptions(options, threads));
    engine_options.max_sequences = std::ranges::max(options.batch);
    engine_options.max_waiting = engine_options.max_sequences + 1;
    engine_options.kv_cache_tokens = cache_tokens;
    ASSIGN_OR_RETURN(Session session, Session::Start(model, engine_options, machine));
    for (const DecodePlan& plan : plans) {
      ASSIGN_OR_RETURN(const DecodeTimes times, RunDecode(session.engine(), plan, records.size() + 1));
      Record record = session.Begin(CommandName(options.command), model, machine);
      record["batch"] = plan.batch;
      record["context"] = plan.context;
      record["steps"] = plan.steps;
      AddRates(WorkOf(plan, session.engine().cost(), times.mean_position), times.seconds,
               times.joules.value_or(std::vector<double>()), record);
      AddDensity(session.engine(), record);
      if (const auto peak = PeakMemoryBytes()) record["peak_memory_bytes"] = *peak;
      ShowProgress(options.progress, record);
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace bitnet

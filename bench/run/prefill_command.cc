#include <algorithm>

#include "base/status_macros.h"
#include "bench/machine/memory.h"
#include "bench/models/bench_model.h"
#include "bench/run/model_commands.h"
#include "bench/run/prefill_run.h"
#include "bench/run/rates.h"
#include "bench/run/session.h"

namespace bitnet {
namespace {

struct PrefillPlan {
  int batch;
  int prompt_tokens;
  int chunk_size;
};

// Every chunk reads the layers once; the head runs for the last token of each prompt. Keys and values are
// read from the caches mostly, and counted once for each chunk.
Work WorkOf(const PrefillPlan& plan, const ModelCost& cost) {
  const double tokens = static_cast<double>(plan.batch) * plan.prompt_tokens;
  const auto chunks = static_cast<double>(
      (static_cast<int64_t>(plan.batch) * plan.prompt_tokens + plan.chunk_size - 1) / plan.chunk_size);
  const double kv = tokens / 2 * static_cast<double>(cost.kv_position_bytes) *
                    std::max(1.0, static_cast<double>(plan.prompt_tokens) / plan.chunk_size);
  return {.tokens = tokens,
          .bytes = chunks * static_cast<double>(cost.layer_bytes) + static_cast<double>(cost.head_bytes) + kv,
          .macs = tokens * static_cast<double>(cost.layer_weights) +
                  plan.batch * static_cast<double>(cost.head_weights)};
}

absl::StatusOr<Record> Measure(const PrefillPlan& plan, const BenchOptions& options, Session& session,
                               Record record, uint32_t seed) {
  std::vector<double> seconds, joules;
  // The first run touches every page and is not counted.
  for (int repetition = 0; repetition <= options.repetitions; ++repetition) {
    ASSIGN_OR_RETURN(const PrefillTime time,
                     RunPrefill(session.engine(), plan.batch, plan.prompt_tokens, seed * 1000 + repetition));
    if (repetition == 0) continue;
    seconds.push_back(time.seconds);
    if (time.joules) joules.push_back(*time.joules);
  }
  record["batch"] = plan.batch;
  record["prompt_tokens"] = plan.prompt_tokens;
  record["chunk_size"] = plan.chunk_size;
  AddRates(WorkOf(plan, session.engine().cost()), seconds, joules, record);
  if (const auto peak = PeakMemoryBytes()) record["peak_memory_bytes"] = *peak;
  ShowProgress(options.progress, record);
  return record;
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunPrefillCommand(const BenchOptions& options, Machine& machine) {
  const size_t longest = std::ranges::max(options.prompt_tokens);
  const int batch = std::ranges::max(options.batch);
  ASSIGN_OR_RETURN(const BenchModel model, BenchModel::Open(options, longest + 1));
  std::vector<Record> records;
  for (const int threads : ThreadCounts(options.threads)) {
    for (const int chunk_size : options.chunk_sizes) {
      ASSIGN_OR_RETURN(EngineOptions engine_options, MakeEngineOptions(options, threads));
      engine_options.chunk_size = chunk_size;
      engine_options.max_sequences = batch;
      engine_options.max_waiting = batch + 1;
      engine_options.kv_cache_tokens = batch * (longest + 64);  // 64: the last block is rarely full.
      ASSIGN_OR_RETURN(Session session, Session::Start(model, engine_options, machine));
      for (const int prompt_tokens : options.prompt_tokens) {
        for (const int sequences : options.batch) {
          Record begun = session.Begin("prefill", model, machine);
          ASSIGN_OR_RETURN(Record record, Measure({sequences, prompt_tokens, chunk_size}, options, session,
                                                  std::move(begun), records.size() + 1));
          records.push_back(std::move(record));
        }
      }
    }
  }
  return records;
}

}  // namespace bitnet

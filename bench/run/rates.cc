#include "bench/run/rates.h"

#include <vector>

#include "absl/time/time.h"
#include "bench/report/statistics.h"

namespace bitnet {

void AddRates(const Work& work, std::span<const double> seconds, std::span<const double> joules,
              Record& record) {
  const Summary time = Summarise(seconds);
  record["repetitions"] = seconds.size();
  record["tokens_per_second"] = work.tokens / time.median;
  if (seconds.size() > 1) {
    record["tokens_per_second_min"] = work.tokens / time.max;
    record["tokens_per_second_max"] = work.tokens / time.min;
  }
  record["bytes_per_token"] = work.bytes / work.tokens;
  record["bytes_per_second"] = work.bytes / time.median;
  record["macs_per_token"] = work.macs / work.tokens;
  record["macs_per_second"] = work.macs / time.median;
  if (record.contains("machine_bandwidth")) {
    record["bandwidth_share"] = work.bytes / time.median / record["machine_bandwidth"].get<double>();
    record["int8_share"] = work.macs / time.median / record["machine_int8_macs"].get<double>();
  }
  if (!joules.empty()) record["joules_per_token"] = Median(joules) / work.tokens;
}

Record BeginRecord(const std::string& benchmark, const BenchModel& model, const LoadedEngine& loaded,
                   double first_token_seconds, Machine& machine) {
  const Engine& engine = *loaded.engine;
  Record record;
  record["benchmark"] = benchmark;
  record["model"] = model.name();
  record["type"] = loaded.type;
  AddIdentity(record);
  record["isa"] = engine.isa();
  record["threads"] = engine.num_threads();
  machine.AddCeilings(engine.isa(), engine.num_threads(), record);
  const double load = absl::ToDoubleSeconds(loaded.load_time);
  record["load_seconds"] = load;
  record["first_token_seconds"] = load + first_token_seconds;
  return record;
}

}  // namespace bitnet

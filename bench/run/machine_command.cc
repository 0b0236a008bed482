#include "base/status_macros.h"
#include "bench/machine/energy.h"
#include "bench/models/bench_model.h"
#include "bench/run/model_commands.h"
#include "bench/run/session.h"

namespace bitnet {

absl::StatusOr<std::vector<Record>> RunMachineCommand(const BenchOptions& options, Machine& machine) {
  std::vector<Record> records;
  for (const int threads : ThreadCounts(options.threads)) {
    ASSIGN_OR_RETURN(const EngineOptions engine_options, MakeEngineOptions(options, threads));
    const std::string isa(BestIsa(engine_options.cpu_features).name);
    Record record;
    record["benchmark"] = "machine";
    AddIdentity(record);
    record["isa"] = isa;
    record["threads"] = threads;
    machine.AddCeilings(isa, threads, record);
    record["energy_counters"] = EnergyMeter().available();
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace bitnet

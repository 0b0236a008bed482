#include "bench/run/session.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/machine/memory.h"
#include "bench/machine/pinned_threads.h"
#include "bench/run/decode_run.h"
#include "bench/run/rates.h"

namespace bitnet {

std::vector<int> ThreadCounts(const std::vector<int>& asked) {
  std::vector<int> counts;
  for (const int threads : asked) {
    counts.push_back(threads > 0 ? threads : std::max(1, NumCores()));
  }
  return counts;
}

absl::StatusOr<Session> Session::Start(const BenchModel& model, const EngineOptions& options,
                                       Machine& machine) {
  Session session;
  const std::string isa(BestIsa(options.cpu_features).name);
  machine.Bandwidth(options.num_threads);
  machine.Int8Peak(isa, options.num_threads);
  ConfineToCpus(options.num_threads);
  ResetPeakMemory();
  ASSIGN_OR_RETURN(session.loaded_, model.Load(options));
  ASSIGN_OR_RETURN(session.first_token_seconds_, TimeFirstToken(*session.loaded_.engine));
  return session;
}

Session::~Session() {
  if (loaded_.engine != nullptr) ReleaseFromCpus();
}

Record Session::Begin(const std::string& benchmark, const BenchModel& model, Machine& machine) const {
  return BeginRecord(benchmark, model, loaded_, first_token_seconds_, machine);
}

void ShowProgress(bool wanted, const Record& record) {
  if (!wanted) return;
  std::string line;
  for (const char* key : {"benchmark", "threads", "batch", "context", "prompt_tokens", "chunk_size"}) {
    if (!record.contains(key)) continue;
    const Record& value = record[key];
    absl::StrAppend(
        &line, value.is_string() ? value.get<std::string>() : absl::StrCat(", ", key, " ", value.dump()));
  }
  std::cerr << absl::StrFormat("%s: %.2f tokens/s\n", line, record["tokens_per_second"].get<double>());
}

}  // namespace bitnet

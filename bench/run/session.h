// One engine for measuring with: so many threads on so many CPUs.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/machine/machine.h"
#include "bench/models/bench_model.h"

namespace bitnet {

// Threads as asked for, with 0 replaced by one for each physical core.
std::vector<int> ThreadCounts(const std::vector<int>& asked);

// Confines this process to as many CPUs as there are threads, loads the model and times its first token. The
// ceilings of the machine are measured before, while memory is empty.
class Session {
 public:
  static absl::StatusOr<Session> Start(const BenchModel& model, const EngineOptions& options,
                                       Machine& machine);
  ~Session();
  Session(Session&&) = default;
  Session& operator=(Session&&) = delete;

  Engine& engine() { return *loaded_.engine; }
  Record Begin(const std::string& benchmark, const BenchModel& model, Machine& machine) const;

 private:
  Session() = default;
  LoadedEngine loaded_;
  double first_token_seconds_ = 0;
};

// A line on stderr, if wanted: "decode, 2 threads, batch 4: 12.3 tokens/s".
void ShowProgress(bool wanted, const Record& record);

}  // namespace bitnet

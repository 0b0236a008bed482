// CHIPS.md says what is chosen on every chip.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/threads/default_threads.h"
#include "service/supervisor/worker_spec.h"
#include "tests/apple/macs.h"

namespace bitnet {
namespace {

std::string Cores(const AppleChip& chip) {
  return absl::StrJoin(chip.levels, " + ", [](std::string* out, const CoreLevel& level) {
    absl::StrAppend(out, level.cores, " ", level.name);
  });
}

// "P0 5, P1 5, E0 4": each worker's cluster and threads.
std::string Workers(const AppleChip& chip) {
  return absl::StrJoin(PlanWorkers(ClustersOf(chip), 1, 0, 0), ", ",
                       [](std::string* out, const WorkerSpec& worker) {
                         absl::StrAppend(out, worker.cluster, " ", worker.threads);
                       });
}

std::string Row(const AppleChip& chip) {
  const ThreadFacts facts = ThreadFactsOf(chip);
  return absl::StrCat("| ", chip.name, " | ", Cores(chip), " | ", Workers(chip), " | ", DefaultThreads(facts),
                      " | ", absl::StrJoin(ThreadCandidates(facts), ", "), " |\n");
}

TEST(ChipTableTest, IsWhatTheProgramsChoose) {
  std::string wanted;
  for (const Mac& mac : AllMacs()) {
    wanted += Row(ReadAppleChip(SysctlTable::Of(mac).reader()));
  }
  std::ostringstream file;
  file << std::ifstream(CHIP_TABLE).rdbuf();
  const std::string text = file.str();
  EXPECT_NE(text.find("|---|---|---|---|---|\n" + wanted), std::string::npos)
      << "the rows of " << CHIP_TABLE << " should be:\n"
      << wanted;
}

}  // namespace
}  // namespace bitnet

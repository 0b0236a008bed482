#include <algorithm>
#include <iostream>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/machine/pinned_threads.h"
#include "bench/run/model_commands.h"
#include "bench/run/session.h"

namespace bitnet {
namespace {

// 1, 2, 4 … and all CPUs, the last ones being siblings where cores have two threads.
std::vector<int> Candidates(const std::vector<int>& asked) {
  if (asked != std::vector<int>{0}) return ThreadCounts(asked);
  const int most = std::max<int>({1, NumCores(), static_cast<int>(CpusByPreference().size())});
  std::vector<int> counts;
  for (int threads = 1; threads < most; threads *= 2) {
    counts.push_back(threads);
  }
  counts.push_back(most);
  if (std::ranges::find(counts, NumCores()) == counts.end()) counts.push_back(NumCores());
  std::ranges::sort(counts);
  return counts;
}

double Rate(const Record& record) { return record["tokens_per_second"].get<double>(); }

Record& MarkFastest(std::vector<Record>& records, const char* mark) {
  Record& fastest = *std::ranges::max_element(records, {}, Rate);
  fastest["best"] = mark;
  return fastest;
}

}  // namespace

absl::StatusOr<std::vector<Record>> RunTuneCommand(const BenchOptions& options, Machine& machine) {
  BenchOptions candidates = options;
  candidates.threads = Candidates(options.threads);
  candidates.command = Command::kDecode;
  ASSIGN_OR_RETURN(std::vector<Record> records, RunDecodeCommand(candidates, machine));
  ASSIGN_OR_RETURN(std::vector<Record> prefill, RunPrefillCommand(candidates, machine));
  const Record& decode_best = MarkFastest(records, "decode");
  const Record& prefill_best = MarkFastest(prefill, "prefill");
  std::cerr << absl::StrFormat(
      "fastest here: decode with --threads %d; prefill with --threads %d --chunk-size %d\n",
      decode_best["threads"].get<int>(), prefill_best["threads"].get<int>(),
      prefill_best["chunk_size"].get<int>());
  records.insert(records.end(), prefill.begin(), prefill.end());
  return records;
}

}  // namespace bitnet

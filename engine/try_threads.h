// Finds out how many threads are fastest for a model on this machine.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "engine/loaded_model.h"
#include "kernels/cpu_features.h"

namespace bitnet {

struct ThreadTrial {
  int threads = 0;
  absl::Duration step;  // Median time of a decode step.
};

// Runs the candidates in turns, so that whatever else the machine does meets all of them, until `time` has
// passed or there is nothing to compare, but once each at least. `step(i)` runs a step of candidate i and
// returns what it took; the first of each warms up and does not count.
std::vector<ThreadTrial> TryThreads(std::span<const int> candidates, absl::Duration time,
                                    absl::FunctionRef<absl::Duration(size_t i)> step);

// The same with real steps of a model, one token each.
std::vector<ThreadTrial> TryThreadsOn(const LoadedModel& model, CpuFeatures features,
                                      std::span<const int> candidates, absl::Duration time);

// The fewest threads that are at most 3 % slower than the fastest: more would use energy for nothing.
// `trials` are not empty.
int FastestThreads(std::span<const ThreadTrial> trials);

// "1 thread takes 3.10 ms a step, 2 threads take 1.90 ms".
std::string DescribeTrials(std::span<const ThreadTrial> trials);

}  // namespace bitnet

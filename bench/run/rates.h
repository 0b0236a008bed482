// From times to the figures of a record.
#pragma once

#include <span>
#include <string>

#include "bench/machine/machine.h"
#include "bench/models/bench_model.h"
#include "bench/report/record.h"

namespace bitnet {

// What one repetition did.
struct Work {
  double tokens = 0;
  double bytes = 0;  // Read from memory if no cache holds anything: weights of every step, keys and values.
  double macs = 0;   // Multiply-adds of the matrices.
};

// Adds tokens, bytes and multiply-adds per second, with lowest and highest where there is more than one
// repetition, their shares of the machine's ceilings, and joules where they were counted (empty: they were
// not).
void AddRates(const Work& work, std::span<const double> seconds, std::span<const double> joules,
              Record& record);

// "benchmark", "model", "type", identity, "isa", "threads", the machine's ceilings, times of loading.
Record BeginRecord(const std::string& benchmark, const BenchModel& model, const LoadedEngine& loaded,
                   double first_token_seconds, Machine& machine);

}  // namespace bitnet

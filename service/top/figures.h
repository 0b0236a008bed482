// What two pages of counters say about the time between them.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "service/top/exposition.h"

namespace bitnet {

struct Snapshot {
  absl::Time time;
  Exposition page;
};

// Per second. A counter that fell has begun anew. None where it is not counted, or no time has passed.
std::optional<double> Rate(const Snapshot& from, const Snapshot& to, const std::string& name,
                           const Labels& wanted = {});

// The q-quantile of what a histogram has got, linear within a bucket; in the last one, its lower bound. None
// if it has got nothing.
std::optional<double> Quantile(const Snapshot& from, const Snapshot& to, const std::string& name, double q,
                               const Labels& wanted = {});

// "1.23 k", "34.5 ms"; "-" for none.
std::string ShowNumber(std::optional<double> value);
std::string ShowSeconds(std::optional<double> value);

}  // namespace bitnet

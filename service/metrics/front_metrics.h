// What waits and runs in the front, and which models it serves.
#pragma once

#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/admission/admission_limits.h"

namespace bitnet {

// As of now.
struct FrontLoad {
  int waiting = 0;             // Requests without a first token,
  int64_t waiting_tokens = 0;  // and the tokens that they ask for.
  AdmissionLimits limits = {};
  size_t answers = 0;  // Not complete yet, or being read.
};

std::vector<prometheus::MetricFamily> FrontFamilies(const FrontLoad& load);

// One series for each of `models`, whose numbers are known. Empty without any.
std::vector<prometheus::MetricFamily> ModelFamilies(const std::vector<v1::Model>& models);

}  // namespace bitnet

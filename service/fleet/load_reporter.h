// What clients that balance by load are told: ORCA's load reports.
#pragma once

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "proto/xds/data/orca/v3/orca_load_report.pb.h"
#include "service/admission/admission.h"
#include "service/fleet/load_meter.h"
#include "service/metrics/request_metrics.h"

namespace bitnet {

// The key of trailing metadata that a report comes under, serialized.
constexpr const char* kLoadReportKey = "endpoint-load-metrics-bin";

// Safe to share between threads.
class LoadReporter {
 public:
  struct Sources {  // Borrowed; outlive this.
    const Admission& admission;
    const RequestMetrics& requests;
  };
  explicit LoadReporter(Sources sources) : sources_(std::move(sources)) {}

  // The workers as they are `elapsed` after they were told before.
  void Sample(std::vector<WorkerPool::View> workers, absl::Duration elapsed);

  // As of the last sample.
  xds::data::orca::v3::OrcaLoadReport Report() const;
  // With what a request has cost.
  xds::data::orca::v3::OrcaLoadReport Report(const v1::Usage& usage) const;

 private:
  const Sources sources_;
  LoadMeter meter_;
};

// `queued`: requests without a first token yet. Apart from the reporter for tests.
xds::data::orca::v3::OrcaLoadReport ToLoadReport(const LoadFigures& figures, int queued);

}  // namespace bitnet

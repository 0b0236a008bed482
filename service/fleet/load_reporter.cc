#include "service/fleet/load_reporter.h"

#include <algorithm>

namespace bitnet {

using xds::data::orca::v3::OrcaLoadReport;

void LoadReporter::Sample(std::vector<WorkerPool::View> workers, absl::Duration elapsed) {
  const RequestMetrics::Totals totals = sources_.requests.totals();
  meter_.Sample({.workers = std::move(workers), .requests = totals.requests, .errors = totals.errors},
                elapsed);
}

OrcaLoadReport LoadReporter::Report() const {
  return ToLoadReport(meter_.figures(), sources_.admission.waiting());
}

OrcaLoadReport LoadReporter::Report(const v1::Usage& usage) const {
  OrcaLoadReport report = Report();
  auto& cost = *report.mutable_request_cost();
  cost["prompt_tokens"] = usage.prompt_tokens();
  cost["cached_tokens"] = usage.cached_tokens();
  cost["generated_tokens"] = usage.generated_tokens();
  return report;
}

OrcaLoadReport ToLoadReport(const LoadFigures& figures, int queued) {
  // Where none runs, those that wait have just come.
  const double behind =
      figures.running == 0 ? 0 : static_cast<double>(figures.waiting) / static_cast<double>(figures.running);
  OrcaLoadReport report;
  report.set_cpu_utilization(figures.busy);
  report.set_application_utilization(std::max(figures.busy, figures.kv_cache) + behind);
  report.set_rps_fractional(figures.requests_per_second);
  report.set_eps(figures.errors_per_second);
  (*report.mutable_utilization())["kv_cache"] = figures.kv_cache;
  auto& named = *report.mutable_named_metrics();
  named["running_requests"] = static_cast<double>(figures.running);
  named["waiting_requests"] = static_cast<double>(figures.waiting);
  named["queue_depth"] = queued;
  return report;
}

}  // namespace bitnet

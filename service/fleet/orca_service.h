// Load reports for whoever wants them beside requests: xds.service.orca.v3.OpenRcaService.
#pragma once

#include "absl/time/time.h"
#include "proto/xds/service/orca/v3/orca.grpc.pb.h"
#include "service/fleet/load_reporter.h"

namespace bitnet {

// Answers everybody, as the health service does: a client's balancer asks with no call, and so no token, of
// its own. Safe to call from any thread.
class OrcaService final : public xds::service::orca::v3::OpenRcaService::CallbackService {
 public:
  // Borrows `reporter`, which outlives it. Nobody gets reports more often than each `shortest_interval`.
  OrcaService(const LoadReporter* reporter, absl::Duration shortest_interval)
      : reporter_(reporter), shortest_interval_(shortest_interval) {}

  grpc::ServerWriteReactor<xds::data::orca::v3::OrcaLoadReport>* StreamCoreMetrics(
      grpc::CallbackServerContext* context,
      const xds::service::orca::v3::OrcaLoadReportRequest* request) override;

 private:
  const LoadReporter* const reporter_;
  const absl::Duration shortest_interval_;
};

}  // namespace bitnet

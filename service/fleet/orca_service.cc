#include "service/fleet/orca_service.h"

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace bitnet {
namespace {

using xds::data::orca::v3::OrcaLoadReport;
using xds::service::orca::v3::OrcaLoadReportRequest;

constexpr absl::Duration kDefaultInterval = absl::Seconds(30);  // Of gRPC's own servers.

absl::Duration IntervalOf(const OrcaLoadReportRequest& request, absl::Duration shortest) {
  if (!request.has_report_interval()) {
    return kDefaultInterval;
  }
  const auto& interval = request.report_interval();
  return std::max(absl::Seconds(interval.seconds()) + absl::Nanoseconds(interval.nanos()), shortest);
}

// A write, a pause, a write, until the client leaves. Only the end of a write or of a pause goes on, so there
// is one Finish; a client that leaves cuts the pause short.
class ReportStream final : public grpc::ServerWriteReactor<OrcaLoadReport> {
 public:
  ReportStream(const LoadReporter& reporter, absl::Duration interval)
      : reporter_(reporter), interval_(interval) {
    Continue();
  }

 private:
  // The last thing that its caller does: after Finish this may be gone.
  void Continue() {
    if (left()) {
      Finish(grpc::Status::CANCELLED);
    } else {
      report_ = reporter_.Report();
      StartWrite(&report_);
    }
  }

  void OnWriteDone(bool ok) override {
    {
      const absl::MutexLock lock(&mutex_);
      if (ok && !left_) {
        alarm_.Set(absl::ToChronoTime(absl::Now() + interval_), [this](bool /*in_time*/) { Continue(); });
        return;
      }
    }
    Finish(grpc::Status::CANCELLED);
  }

  void OnCancel() override {
    const absl::MutexLock lock(&mutex_);
    left_ = true;
    alarm_.Cancel();
  }

  void OnDone() override { delete this; }

  bool left() {
    const absl::MutexLock lock(&mutex_);
    return left_;
  }

  const LoadReporter& reporter_;
  const absl::Duration interval_;
  OrcaLoadReport report_;  // gRPC's while a write is under way.
  absl::Mutex mutex_;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerWriteReactor<OrcaLoadReport>* OrcaService::StreamCoreMetrics(
    grpc::CallbackServerContext* /*context*/, const OrcaLoadReportRequest* request) {
  return new ReportStream(*reporter_, IntervalOf(*request, shortest_interval_));
}

}  // namespace bitnet

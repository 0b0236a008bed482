// The front process, put together: workers, gRPC, HTTP, and the order in which they start and stop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/topology.h"
#include "service/admission/admission.h"
#include "service/fleet/fleet_agent.h"
#include "service/fleet/load_reporter.h"
#include "service/fleet/orca_service.h"
#include "service/http/http_server.h"
#include "service/metrics/request_metrics.h"
#include "service/metrics/worker_metrics.h"
#include "service/rolling_restart.h"
#include "service/router/adapter_set.h"
#include "service/router/status_poller.h"
#include "service/router/worker_pool.h"
#include "service/router/worker_waiters.h"
#include "service/rpc/admin_service.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/inference_service.h"
#include "service/rpc/rpc_server.h"
#include "service/run_directory.h"
#include "service/security/authenticator.h"
#include "service/service_options.h"
#include "service/supervisor/supervisor.h"

namespace bitnet {

// Safe to share between threads, but for Run.
class Front {
 public:
  // Starts the workers and listens; does not wait for the workers to be ready. `clusters` are those of the
  // machine.
  static absl::StatusOr<std::unique_ptr<Front>> Start(const ServiceOptions& options,
                                                      const std::vector<CpuCluster>& clusters);
  // Stops at once what Run has not stopped.
  ~Front();

  // Serves until Stop is called and the running requests are done, or until no worker is left that could be
  // started again: FAILED_PRECONDITION with the reason.
  absl::Status Run();
  // The first call begins the drain: no new requests, the running ones have options.drain_time. The second
  // one ends it.
  void Stop();

  // Starts all workers again, one after the other, without losing an answer. Returns at once.
  void RestartWorkers() { restart_.Start(); }

  const std::string& grpc_address() const { return rpc_->address(); }
  // "" if it is not served.
  std::string admin_address() const { return admin_ == nullptr ? "" : admin_->address(); }
  std::string agent_address() const { return fleet_.address(); }  // As above.
  const std::string& http_address() const { return http_->address(); }
  const WorkerPool& pool() const { return pool_; }

 private:
  Front(const ServiceOptions& options, const std::vector<WorkerSpec>& specs, RunDirectory run_directory,
        std::unique_ptr<Authenticator> callers);

  absl::Status Listen();
  absl::StatusOr<std::unique_ptr<RpcServer>> ListenForRpc(const std::string& flag, const std::string& address,
                                                          const std::vector<grpc::Service*>& services) const;
  void OnReadiness(bool ready);
  void OnStalled(WorkerLink& link, const std::string& why);
  // The process at `link` is leaving: nobody is given to it any more, and those it has go on elsewhere.
  void Retire(WorkerLink& link);
  void OnAllFailed(const std::string& reason);
  absl::Status Readiness() const;
  std::string Metrics() const;
  void Drain();

  const ServiceOptions options_;
  const std::vector<WorkerSpec> specs_;
  const RunDirectory run_directory_;

  const std::unique_ptr<Authenticator> callers_;
  RequestMetrics request_metrics_;
  Admission admission_;
  CallRegistry calls_;
  WorkerWaiters waiters_;
  WorkerPool pool_;
  WorkerMetrics worker_metrics_;
  LoadReporter load_;
  OrcaService orca_service_;
  InferenceService service_;
  AdapterSet adapters_;
  RollingRestart restart_;
  FleetAgent fleet_;
  AdminService admin_service_;

  absl::Mutex mutex_;
  int stops_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  RpcServer* health_ ABSL_GUARDED_BY(mutex_) =
      nullptr;  // Told of readiness; null before it listens and in a drain.

  // In the order of their making; unmade from the last to the first.
  std::unique_ptr<RpcServer> rpc_;
  std::unique_ptr<RpcServer> admin_;  // Null: not served.
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<StatusPoller> poller_;
};

}  // namespace bitnet

// The front process, put together: workers, gRPC, HTTP, and the order in which they start and stop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/topology.h"
#include "service/admission/admission.h"
#include "service/dashboard/dashboard.h"
#include "service/fleet/fleet_agent.h"
#include "service/fleet/load_reporter.h"
#include "service/fleet/orca_service.h"
#include "service/http/http_server.h"
#include "service/metrics/request_metrics.h"
#include "service/models/model_set.h"
#include "service/openai/api.h"
#include "service/power/power_cap.h"
#include "service/rpc/admin_service.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/inference_service.h"
#include "service/rpc/resume_store.h"
#include "service/rpc/rpc_server.h"
#include "service/rpc/serving.h"
#include "service/run_directory.h"
#include "service/security/authenticator.h"
#include "service/service_options.h"
#include "service/supervisor/worker_spec.h"
#include "service/timer_queue.h"

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

  // Starts all workers again, of each model one after the other, without losing an answer. Returns at once.
  void RestartWorkers();

  const std::string& grpc_address() const { return rpc_->address(); }
  // "" if it is not served.
  std::string admin_address() const { return admin_ == nullptr ? "" : admin_->address(); }
  std::string agent_address() const { return fleet_.address(); }  // As above.
  // What /metrics shows.
  std::string Metrics() const;
  const std::string& http_address() const { return http_->address(); }
  const ModelSet& models() const { return models_; }
  const WorkerPool& pool() const { return models_.default_model().pool(); }  // Of the default model.

 private:
  Front(const ServiceOptions& options, const std::vector<WorkerSpec>& workers, RunDirectory run_directory,
        std::unique_ptr<Authenticator> callers);
  // Each gets its share of `workers`, which are those of the first one first.
  void AddModels(const std::vector<WorkerSpec>& workers);

  HttpSources MakeHttpSources();
  absl::Status Listen();
  absl::StatusOr<std::unique_ptr<RpcServer>> ListenForRpc(const std::string& flag, const std::string& address,
                                                          const std::vector<grpc::Service*>& services,
                                                          const char* service_name) const;
  // A model has become ready or ceased to be, or has been given up.
  void OnModelChange();
  absl::Status RestartAll();
  // Workers of all models have been asked for their status, `elapsed` after they were before.
  void OnRound(absl::Duration elapsed);
  absl::Status Readiness() const;
  void Drain();

  const ServiceOptions options_;
  const RunDirectory run_directory_;

  const std::unique_ptr<Authenticator> callers_;
  RequestMetrics request_metrics_;
  Admission admission_;
  CallRegistry calls_;
  ResumeStore resumable_;
  TimerQueue timers_;
  ModelSet models_;
  LoadReporter load_;
  std::optional<PowerCap> power_cap_;  // Absent: there is no ceiling.
  OrcaService orca_service_;
  const HttpSources http_sources_;
  Dashboard dashboard_;
  const Serving serving_;
  InferenceService service_;
  openai::Api api_;
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
};

}  // namespace bitnet

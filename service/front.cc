#include "service/front.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/clock.h"
#include "service/metrics/metrics_text.h"
#include "service/port_file.h"
#include "service/security/exposure.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// For calls that were ended to get their last message out.
constexpr absl::Duration kLastWrites = absl::Seconds(1);
// For calls to workers, which are cancelled or short, to be taken apart.
constexpr absl::Duration kClientCalls = absl::Seconds(5);
// Workers have nothing left to do by then; this is for leaving.
constexpr absl::Duration kWorkerExit = absl::Seconds(2);

std::vector<std::string> Names(const std::vector<WorkerSpec>& specs) {
  std::vector<std::string> names;
  for (const WorkerSpec& spec : specs) {
    names.push_back(spec.name);
  }
  return names;
}

// What is known of them before a worker has loaded them.
std::vector<v1::Adapter> FirstAdapters(const std::vector<std::string>& flags) {
  std::vector<v1::Adapter> adapters;
  for (const std::string& flag : flags) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(flag, absl::MaxSplits('=', 1));
    v1::Adapter& adapter = adapters.emplace_back();
    adapter.set_name(parts.first);
    adapter.set_path(parts.second);
  }
  return adapters;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Front>> Front::Start(const ServiceOptions& options,
                                                    const std::vector<CpuCluster>& clusters) {
  ASSIGN_OR_RETURN(RunDirectory run_directory, RunDirectory::Create(options.run_directory));
  const std::vector<WorkerSpec> specs =
      PlanWorkers(clusters, options.num_workers, options.threads_per_worker);
  auto callers = std::make_unique<Authenticator>();
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(callers, Authenticator::FromFile(options.token_file, Clock::Real()));
  }
  std::unique_ptr<Front> front(new Front(options, specs, std::move(run_directory), std::move(callers)));
  RETURN_IF_ERROR(front->Listen());
  return front;
}

Front::Front(const ServiceOptions& options, const std::vector<WorkerSpec>& specs, RunDirectory run_directory,
             std::unique_ptr<Authenticator> callers)
    : options_(options),
      specs_(specs),
      run_directory_(std::move(run_directory)),
      callers_(std::move(callers)),
      admission_(options.max_waiting),
      waiters_(Clock::Real()),
      pool_(Names(specs), [this](bool ready) { OnReadiness(ready); }),
      worker_metrics_(&pool_),
      load_({.workers = [this] { return pool_.Views(); },
             .admission = admission_,
             .requests = request_metrics_}),
      orca_service_(&load_, options.poll_interval),
      service_({.pool = pool_,
                .admission = admission_,
                .calls = calls_,
                .metrics = request_metrics_,
                .waiters = waiters_,
                .failover_time = options.failover_time,
                .callers = *callers_,
                .load = load_}),
      adapters_(&pool_, FirstAdapters(options.adapters)),
      restart_(&pool_, {.retire = [this](WorkerLink& link) { Retire(link); },
                        .restart =
                            [this](const WorkerLink& link) {
                              supervisor_->RestartProcess(link.index, link.socket_path);
                            },
                        .kill =
                            [this](const WorkerLink& link, const std::string& why) {
                              supervisor_->KillProcess(link.index, link.socket_path, why);
                            }}),
      fleet_({.pool = pool_, .admission = admission_, .calls = calls_, .max_waiting = options.max_waiting}),
      admin_service_(
          &adapters_, callers_.get(), [this] { return restart_.Run(); },
          [this](uint32_t percent) { return fleet_.SetWeight(percent); }) {
  pool_.SetPreparer(&adapters_);
}

Front::~Front() { Drain(); }

absl::StatusOr<std::unique_ptr<RpcServer>> Front::ListenForRpc(
    const std::string& flag, const std::string& address, const std::vector<grpc::Service*>& services) const {
  const bool known = !callers_->open_to_all() || !options_.tls.client_ca.empty();
  RETURN_IF_ERROR(CheckExposure(flag, address, known || options_.allow_anonymous));
  ASSIGN_OR_RETURN(auto credentials, MakeServerCredentials(options_.tls));
  return RpcServer::Start({.address = address,
                           .max_message_bytes = options_.max_message_bytes,
                           .credentials = std::move(credentials),
                           .reflection = callers_->open_to_all()},
                          services);
}

// Ports first: where they are taken, no worker loads a model in vain.
absl::Status Front::Listen() {
  ASSIGN_OR_RETURN(rpc_, ListenForRpc("--listen", options_.listen_address, {&service_, &orca_service_}));
  if (!options_.admin_address.empty()) {
    ASSIGN_OR_RETURN(admin_, ListenForRpc("--admin-listen", options_.admin_address, {&admin_service_}));
    admin_->SetServing(true);
    spdlog::info("administration at {}", admin_->address());
  }
  ASSIGN_OR_RETURN(http_, HttpServer::Start({.address = options_.http_address},
                                            {.metrics = [this] { return Metrics(); },
                                             .readiness = [this] { return Readiness(); },
                                             .admit_to_metrics =
                                                 [this](std::string_view authorization) {
                                                   return options_.open_metrics
                                                              ? absl::OkStatus()
                                                              : callers_->Identify(authorization).status();
                                                 }}));
  RETURN_IF_ERROR(fleet_.Listen(options_.agent_address));
  {
    const absl::MutexLock lock(&mutex_);
    health_ = rpc_.get();
  }
  for (const WorkerSpec& spec : specs_) {
    spdlog::info("worker {}: {} threads on cluster {}", spec.name, spec.threads, spec.cluster);
  }
  supervisor_ = std::make_unique<Supervisor>(options_, specs_, run_directory_.path(), &pool_, Clock::Real(),
                                             [this](const std::string& reason) { OnAllFailed(reason); });
  poller_ = std::make_unique<StatusPoller>(
      &pool_,
      StatusPoller::Options{
          .interval = options_.poll_interval,
          .limits = {.silence = options_.stall_time, .step = options_.step_limit},
          .on_stalled = [this](WorkerLink& link, const std::string& why) { OnStalled(link, why); },
          .on_stopping = [this](WorkerLink& link) { Retire(link); },
          .on_round =
              [this](absl::Duration elapsed) {
                load_.Sample(elapsed);
                supervisor_->KillFrozen(elapsed, options_.stall_time);
              }},
      Clock::Real());
  if (!options_.port_file.empty()) {
    RETURN_IF_ERROR(WritePortFile(options_.port_file, {.grpc = grpc_address(),
                                                       .http = http_address(),
                                                       .admin = admin_address(),
                                                       .agent = agent_address()}));
  }
  spdlog::info("gRPC at {}, HTTP at {}", grpc_address(), http_address());
  return absl::OkStatus();
}

absl::Status Front::Run() {
  {
    const absl::MutexLock lock(&mutex_);
    const auto woken = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stops_ > 0 || !failure_.ok(); };
    mutex_.Await(absl::Condition(&woken));
  }
  Drain();
  const absl::MutexLock lock(&mutex_);
  return failure_;
}

void Front::Stop() {
  const absl::MutexLock lock(&mutex_);
  if (++stops_ == 1) {
    spdlog::info("stopping: {} requests are running and have {}; a second signal ends them", calls_.size(),
                 absl::FormatDuration(options_.drain_time));
    calls_.Close();
    if (health_ != nullptr) {
      std::exchange(health_, nullptr)->SetServing(false);
    }
  } else {
    calls_.Hurry();
  }
}

void Front::Drain() {
  calls_.Close();
  if (!calls_.AwaitEmpty(absl::Now() + options_.drain_time)) {
    spdlog::warn("{} requests are ended before their time", calls_.size());
    calls_.EndAll(absl::UnavailableError("the server stopped before the answer was complete; try again"));
    calls_.AwaitEmpty(absl::Now() + kLastWrites);
  }
  if (!calls_.AwaitNoClientCalls(absl::Now() + kClientCalls)) {
    spdlog::warn("calls to workers did not end");
  }
  restart_.Cancel();
  poller_.reset();
  if (admin_ != nullptr) {
    admin_->Shutdown(absl::ZeroDuration());
  }
  if (rpc_ != nullptr) {
    rpc_->Shutdown(kLastWrites);
  }
  if (supervisor_ != nullptr) {
    supervisor_->Stop(kWorkerExit);
  }
}

void Front::OnReadiness(bool ready) {
  waiters_.SetReady(ready);
  const absl::MutexLock lock(&mutex_);
  if (health_ != nullptr) {
    health_->SetServing(ready);
  }
}

void Front::OnStalled(WorkerLink& link, const std::string& why) {
  spdlog::warn("worker {} is killed: {}", link.name, why);
  link.end = WorkerLink::End::kStalled;
  supervisor_->KillProcess(link.index, link.socket_path, why);
}

void Front::Retire(WorkerLink& link) {
  link.end = WorkerLink::End::kRetired;
  if (pool_.Retire(link)) {
    spdlog::info("worker {} is leaving: its requests go on elsewhere", link.name);
  }
  calls_.MoveAll(link);
}

void Front::OnAllFailed(const std::string& reason) {
  const absl::MutexLock lock(&mutex_);
  failure_ = absl::FailedPreconditionError(absl::StrCat("no worker can start: ", reason));
}

absl::Status Front::Readiness() const {
  RETURN_IF_ERROR(calls_.CheckOpen());
  return pool_.CheckReady();
}

std::string Front::Metrics() const {
  const prometheus::Collectable* const sources[] = {&request_metrics_.collectable(), &worker_metrics_};
  return MetricsText(sources);
}

}  // namespace bitnet

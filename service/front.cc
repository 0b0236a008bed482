#include "service/front.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/clock.h"
#include "service/errors/error_details.h"
#include "service/heat/heat_weight.h"
#include "service/metrics/front_metrics.h"
#include "service/metrics/metrics_text.h"
#include "service/metrics/power_metrics.h"
#include "service/port_file.h"
#include "service/rpc/channelz.h"
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

absl::Status CheckChannelzAddress(const std::string& address) {
  return IsLocalAddress(address) ? absl::OkStatus()
                                 : absl::FailedPreconditionError(absl::StrCat(
                                       "--channelz would be served at ", address,
                                       ", which other machines reach, and it asks for no token: give an "
                                       "--admin-listen that only this machine reaches"));
}

// HTTP clients show no certificates here, so tokens alone tell them apart.
absl::Status CheckHttpExposure(const ServiceOptions& options, const Authenticator& callers) {
  return IsLocalAddress(options.http_address) || !callers.open_to_all() || options.allow_anonymous
             ? absl::OkStatus()
             : absl::PermissionDeniedError(absl::StrCat(
                   "other machines reach this server at ", options.http_address,
                   ", and it does not know its callers: start it with --tokens, or with --allow-anonymous"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Front>> Front::Start(const ServiceOptions& options,
                                                    const std::vector<CpuCluster>& clusters) {
  if (options.power_cap_watts.has_value()) {
    RETURN_IF_ERROR(
        CheckPowerIsMeasured({.root = options.sensor_root, .powermetrics_file = options.powermetrics_file}));
  }
  ASSIGN_OR_RETURN(RunDirectory run_directory, RunDirectory::Create(options.run_directory));
  const std::vector<WorkerSpec> workers = PlanWorkers(clusters, static_cast<int>(options.models.size()),
                                                      options.num_workers, options.threads_per_worker);
  auto callers = std::make_unique<Authenticator>();
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(callers, Authenticator::FromFile(options.token_file, Clock::Real()));
  }
  std::unique_ptr<Front> front(new Front(options, workers, std::move(run_directory), std::move(callers)));
  RETURN_IF_ERROR(front->Listen());
  return front;
}

Front::Front(const ServiceOptions& options, const std::vector<WorkerSpec>& workers,
             RunDirectory run_directory, std::unique_ptr<Authenticator> callers)
    : options_(options),
      run_directory_(std::move(run_directory)),
      callers_(std::move(callers)),
      admission_(options.waiting, Clock::Real()),
      resumable_(options.resumable),
      timers_(Clock::Real()),
      load_({.admission = admission_, .requests = request_metrics_}),
      power_cap_(options.power_cap_watts),
      orca_service_(&load_, options.poll_interval),
      http_sources_(MakeHttpSources()),
      dashboard_(http_sources_),
      serving_({.models = models_,
                .admission = admission_,
                .calls = calls_,
                .metrics = request_metrics_,
                .timers = timers_,
                .failover_time = options.failover_time,
                .callers = *callers_,
                .call_times = options.call_times,
                .load = load_,
                .resumable = resumable_,
                .resume_window = options.resume_window}),
      service_(serving_),
      api_(serving_, CheckHttpExposure(options, *callers_)),
      fleet_({.models = models_,
              .admission = admission_,
              .calls = calls_,
              .max_waiting = options.waiting.requests}),
      admin_service_(
          &models_, callers_.get(), &request_metrics_, [this] { return RestartAll(); },
          [this](uint32_t percent) { return fleet_.SetWeight(percent); }) {
  AddModels(workers);
}

void Front::AddModels(const std::vector<WorkerSpec>& workers) {
  const auto share = static_cast<std::ptrdiff_t>(workers.size() / options_.models.size());
  auto first = workers.begin();
  for (const ModelSpec& spec : options_.models) {
    ServedModel::Events events = {
        .on_change = [this] { OnModelChange(); },
        .move_answers = [this](const WorkerLink& link) { calls_.MoveAll(link); },
        .on_round = [](absl::Duration /*elapsed*/) {},
    };
    if (first == workers.begin()) {  // All models' load is looked at when the first one's has been.
      events.on_round = [this](absl::Duration elapsed) { OnRound(elapsed); };
    }
    models_.Add(std::make_unique<ServedModel>(spec, std::vector<WorkerSpec>(first, first + share),
                                              &request_metrics_.ForModel(spec.name), std::move(events)));
    first += share;
  }
}

void Front::OnRound(absl::Duration elapsed) {
  std::vector<WorkerPool::View> workers = models_.Views();
  admission_.SetShare(HeatWeight(workers));
  if (power_cap_.has_value()) {
    models_.SetAllowances(power_cap_->Sample(workers, elapsed));
  }
  load_.Sample(std::move(workers), elapsed);
}

Front::~Front() { Drain(); }

absl::StatusOr<std::unique_ptr<RpcServer>> Front::ListenForRpc(const std::string& flag,
                                                               const std::string& address,
                                                               const std::vector<grpc::Service*>& services,
                                                               const char* service_name) const {
  const bool known = !callers_->open_to_all() || !options_.tls.client_ca.empty();
  RETURN_IF_ERROR(CheckExposure(flag, address, known || options_.allow_anonymous));
  ASSIGN_OR_RETURN(auto credentials, MakeServerCredentials(options_.tls));
  return RpcServer::Start({.address = address,
                           .max_message_bytes = options_.max_message_bytes,
                           .credentials = std::move(credentials),
                           .service_name = service_name,
                           .connections = options_.connections,
                           .reflection = callers_->open_to_all()},
                          services);
}

// Ports first: where they are taken, no worker loads a model in vain.
HttpSources Front::MakeHttpSources() {
  return {.metrics = [this] { return Metrics(); },
          .readiness = [this] { return Readiness(); },
          .admit_to_metrics =
              [this](std::string_view authorization) {
                return options_.open_metrics ? absl::OkStatus() : callers_->Identify(authorization).status();
              }};
}

absl::Status Front::Listen() {
  const bool has_admin = !options_.admin_address.empty();
  if (options_.channelz) {
    RETURN_IF_ERROR(CheckChannelzAddress(has_admin ? options_.admin_address : options_.listen_address));
    if (!has_admin) {
      EnableChannelz();
    }
  }
  ASSIGN_OR_RETURN(rpc_, ListenForRpc("--listen", options_.listen_address, {&service_, &orca_service_},
                                      v1::InferenceService::service_full_name()));
  if (has_admin) {
    if (options_.channelz) {
      EnableChannelz();  // From here on: the other port's server is built.
    }
    ASSIGN_OR_RETURN(admin_, ListenForRpc("--admin-listen", options_.admin_address, {&admin_service_},
                                          v1::AdminService::service_full_name()));
    admin_->SetServing(true);
    spdlog::info("administration at {}", admin_->address());
  }
  ASSIGN_OR_RETURN(http_,
                   HttpServer::Start({.address = options_.http_address,
                                      .slow_reader = options_.call_times.slow_reader,
                                      .max_body_bytes = static_cast<size_t>(options_.max_message_bytes),
                                      .cors_origins = options_.cors_origins},
                                     http_sources_, {&api_, &dashboard_}));
  RETURN_IF_ERROR(fleet_.Listen(options_.agent_address));
  {
    const absl::MutexLock lock(&mutex_);
    health_ = rpc_.get();
  }
  OnModelChange();  // Their names are known to the health service from the start.
  for (const auto& model : models_.models()) {
    model->StartWorkers(options_, run_directory_.path());
  }
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
      health_->SetServing(false);
      for (const auto& model : models_.models()) {
        health_->SetModelServing(model->name(), false);
      }
      health_ = nullptr;
    }
  } else {
    calls_.Hurry();
  }
}

void Front::Drain() {
  calls_.Close();
  if (!calls_.AwaitEmpty(absl::Now() + options_.drain_time)) {
    spdlog::warn("{} requests are ended before their time", calls_.size());
    calls_.EndAll(
        WithReason(absl::UnavailableError("the server stopped before the answer was complete; try again"),
                   "SHUTTING_DOWN"));
    calls_.AwaitEmpty(absl::Now() + kLastWrites);
  }
  if (!calls_.AwaitNoClientCalls(absl::Now() + kClientCalls)) {
    spdlog::warn("calls to workers did not end");
  }
  for (const auto& model : models_.models()) {
    model->CancelRestart();
  }
  for (const auto& model : models_.models()) {
    model->StopPolling();
  }
  if (admin_ != nullptr) {
    admin_->Shutdown(absl::ZeroDuration());
  }
  if (rpc_ != nullptr) {
    rpc_->Shutdown(kLastWrites);
  }
  for (const auto& model : models_.models()) {
    model->StopWorkers(kWorkerExit);
  }
}

void Front::OnModelChange() {
  const absl::MutexLock lock(&mutex_);
  if (health_ != nullptr) {
    health_->SetServing(models_.ready());
    for (const auto& model : models_.models()) {
      health_->SetModelServing(model->name(), model->ready());
    }
  }
  if (models_.all_failed()) {
    failure_ = absl::FailedPreconditionError(
        absl::StrCat("no worker can start: ", models_.default_model().failure()));
  }
}

void Front::RestartWorkers() {
  for (const auto& model : models_.models()) {
    model->restart().Start();
  }
}

absl::Status Front::RestartAll() {
  for (const auto& model : models_.models()) {
    RETURN_IF_ERROR(model->restart().Run());
  }
  return absl::OkStatus();
}

absl::Status Front::Readiness() const {
  RETURN_IF_ERROR(calls_.CheckOpen());
  return models_.CheckReady();
}

std::string Front::Metrics() const {
  std::vector<prometheus::MetricFamily> families = request_metrics_.Collect();
  std::ranges::move(FrontFamilies({.waiting = admission_.waiting(),
                                   .waiting_tokens = admission_.waiting_tokens(),
                                   .limits = admission_.limits(),
                                   .answers = calls_.size()}),
                    std::back_inserter(families));
  std::ranges::move(models_.Collect(), std::back_inserter(families));
  if (power_cap_.has_value()) {
    std::ranges::move(PowerFamilies(*power_cap_), std::back_inserter(families));
  }
  return MetricsText(std::move(families));
}

}  // namespace bitnet

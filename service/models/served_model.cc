#include "service/models/served_model.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "base/file_identity.h"
#include "base/status_macros.h"
#include "service/clock.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

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

ServedModel::ServedModel(ModelSpec spec, std::vector<WorkerSpec> workers, ModelMetrics* metrics,
                         Events events)
    : spec_(std::move(spec)),
      workers_(std::move(workers)),
      metrics_(metrics),
      events_(std::move(events)),
      files_(workers_.size(), spec_.path),
      waiters_(Clock::Real()),
      pool_(spec_.name, workers_, [this](bool ready) { OnReadiness(ready); }),
      adapters_(&pool_, FirstAdapters(spec_.adapters)),
      restart_(
          &pool_, &files_,
          {.retire = [this](WorkerLink& link) { Retire(link); },
           .restart =
               [this](const WorkerLink& link) { supervisor_->RestartProcess(link.index, link.socket_path); },
           .kill =
               [this](const WorkerLink& link, const std::string& why) {
                 supervisor_->KillProcess(link.index, link.socket_path, why);
               }}) {
  pool_.SetPreparer(this);
}

void ServedModel::StartWorkers(const ServiceOptions& options, const std::string& run_directory) {
  for (const WorkerSpec& worker : workers_) {
    spdlog::info("worker {}: model {}, {} threads on cluster {}", worker.name, spec_.name, worker.threads,
                 worker.cluster);
  }
  supervisor_ =
      std::make_unique<Supervisor>(options, spec_, &files_, workers_, run_directory, &pool_, Clock::Real(),
                                   [this](const std::string& reason) { OnAllFailed(reason); });
  poller_ = std::make_unique<StatusPoller>(
      &pool_,
      StatusPoller::Options{
          .interval = options.poll_interval,
          .limits = {.silence = options.stall_time, .step = options.step_limit},
          .on_stalled = [this](WorkerLink& link, const std::string& why) { OnStalled(link, why); },
          .on_stopping = [this](WorkerLink& link) { Retire(link); },
          .on_round =
              [this, stall_time = options.stall_time](absl::Duration elapsed) {
                events_.on_round(elapsed);
                supervisor_->KillFrozen(elapsed, stall_time);
              }},
      Clock::Real());
}

void ServedModel::StopWorkers(absl::Duration grace) {
  if (supervisor_ != nullptr) {
    supervisor_->Stop(grace);
  }
}

absl::Status ServedModel::Prepare(WorkerLink& link, const std::function<void()>& join) {
  const absl::StatusOr<std::string> file = FileIdentity(files_.path(link.index));
  if (file.ok() && *file != link.model.fingerprint()) {
    return absl::UnavailableError("another model file has taken the place of the one that it loaded");
  }
  return adapters_.Prepare(link, join);
}

void ServedModel::OnReadiness(bool ready) {
  ready_ = ready;
  if (ready) {
    has_been_ready_ = true;
  }
  waiters_.SetReady(ready);
  events_.on_change();
}

void ServedModel::OnStalled(WorkerLink& link, const std::string& why) {
  spdlog::warn("worker {} is killed: {}", link.name, why);
  link.end = WorkerLink::End::kStalled;
  supervisor_->KillProcess(link.index, link.socket_path, why);
}

void ServedModel::Retire(WorkerLink& link) {
  link.end = WorkerLink::End::kRetired;
  if (pool_.Retire(link)) {
    spdlog::info("worker {} is leaving: its requests go on elsewhere", link.name);
  }
  events_.move_answers(link);
}

void ServedModel::OnAllFailed(const std::string& reason) {
  spdlog::error("model {} cannot be served: {}", spec_.name, reason);
  {
    const absl::MutexLock lock(&mutex_);
    failure_ = reason;
  }
  failed_ = true;
  events_.on_change();
}

std::string ServedModel::failure() const {
  const absl::MutexLock lock(&mutex_);
  return failure_;
}

absl::StatusOr<v1::Model> ServedModel::Facts() const {
  ASSIGN_OR_RETURN(v1::Model model, pool_.model());
  model.set_name(spec_.name);
  return model;
}

v1::Model ServedModel::Describe() const {
  v1::Model model = Facts().value_or(v1::Model());
  model.set_name(spec_.name);
  model.mutable_aliases()->Assign(spec_.aliases.begin(), spec_.aliases.end());
  if (ready()) {
    model.set_state(v1::MODEL_STATE_READY);
  } else if (failed()) {
    model.set_state(v1::MODEL_STATE_FAILED);
    model.set_problem(failure());
  } else {
    model.set_state(has_been_ready() ? v1::MODEL_STATE_UNAVAILABLE : v1::MODEL_STATE_LOADING);
    model.set_problem(std::string(pool_.CheckReady().message()));
  }
  return model;
}

}  // namespace bitnet

#include "service/router/worker_pool.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/status_mapping.h"
#include "service/errors/error_details.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// A worker that has said READY answers at once; one that does not in this time is of no use.
constexpr std::chrono::seconds kGetModelDeadline(10);

}  // namespace

WorkerPool::WorkerPool(const std::string& model, const std::vector<WorkerSpec>& workers,
                       std::function<void(bool)> on_readiness)
    : on_readiness_(std::move(on_readiness)) {
  for (const WorkerSpec& worker : workers) {
    workers_.push_back(Worker{.view = {.name = worker.name, .model = model, .kind = worker.kind}});
  }
}

void WorkerPool::OnWorkerStarting(size_t worker, std::optional<RestartReason> again) {
  const absl::MutexLock lock(&mutex_);
  Worker& entry = workers_[worker];
  if (again.has_value()) {
    ++entry.view.restarts_by_reason[static_cast<size_t>(*again)];
  }
  // After a failure the reason stays in view: "is starting" alone would hide a crash loop.
  entry.state =
      again.has_value() ? absl::StrCat("is starting again, it went away: ", entry.reason) : "is starting";
}

absl::Status WorkerPool::OnWorkerReady(size_t worker, const std::string& socket_path) {
  std::string name;
  {
    const absl::MutexLock lock(&mutex_);
    name = workers_[worker].view.name;
  }
  auto link = std::make_shared<WorkerLink>(worker, name, socket_path);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kGetModelDeadline);
  if (grpc::Status status = link->stub->GetModel(&context, {}, &link->model); !status.ok()) {
    return FromGrpcStatus(status);
  }
  const auto join = [&] {
    spdlog::info("worker {} is ready: {}", name, link->model.name());
    const absl::MutexLock lock(&mutex_);
    if (link->model.fingerprint() != closed_) {
      model_ = link->model;
    }
    SetLink(workers_[worker], link);
  };
  if (preparer_ != nullptr) {
    return preparer_->Prepare(*link, join);
  }
  join();
  return absl::OkStatus();
}

void WorkerPool::OnWorkerGone(size_t worker, const std::string& reason, bool permanently) {
  const absl::MutexLock lock(&mutex_);
  Worker& entry = workers_[worker];
  entry.reason = reason;
  entry.given_up = permanently;
  entry.state = absl::StrCat(permanently ? "cannot start: " : "went away: ", reason);
  SetLink(entry, nullptr);
}

void WorkerPool::SetLink(Worker& worker, std::shared_ptr<WorkerLink> link) {
  const bool before = AnyReady();
  worker.view.up = link != nullptr;
  worker.view.status.reset();
  worker.link = std::move(link);
  worker.liveness = {};
  worker.core_watch = {};
  if (AnyReady() != before) {
    on_readiness_(!before);
  }
}

absl::StatusOr<WorkerLease> WorkerPool::Pick(const Wanted& wanted) {
  const absl::MutexLock lock(&mutex_);
  std::vector<RouteCandidate> candidates;
  std::vector<const Worker*> workers;
  std::optional<size_t> last;
  const std::optional<size_t> last_index = prefixes_.Find(wanted.prefix);
  for (const Worker& worker : workers_) {
    if (worker.link == nullptr || worker.link.get() == wanted.avoid ||
        (wanted.suspect && worker.link->suspects > 0) || !MayUse(wanted, worker.link->model.fingerprint())) {
      continue;
    }
    if (worker.link->index == last_index) {
      last = candidates.size();
    }
    candidates.push_back(ToCandidate(worker));
    workers.push_back(&worker);
  }
  const std::optional<size_t> chosen = ChooseWorker(
      candidates,
      {.tokens = static_cast<double>(wanted.tokens), .background = wanted.background, .last = last});
  if (!chosen.has_value()) {
    return NoWorker(wanted);
  }
  const std::shared_ptr<WorkerLink>& link = workers[*chosen]->link;
  prefixes_.Store(wanted.prefix, link->index);
  return WorkerLease(link, UseFile(link->model.fingerprint()), wanted.tokens, wanted.suspect);
}

bool WorkerPool::MayUse(const Wanted& wanted, const std::string& file) const {
  return wanted.file.has_value() ? file == *wanted.file : file == model_->fingerprint() && file != closed_;
}

FileUse WorkerPool::UseFile(const std::string& file) {
  ++uses_[file];
  return FileUse(this, [this, file](const void* /*us*/) {
    const absl::MutexLock lock(&mutex_);
    if (--uses_[file] == 0) {
      uses_.erase(file);
    }
  });
}

void WorkerPool::Close(const std::string& file) {
  const absl::MutexLock lock(&mutex_);
  closed_ = file;
}

void WorkerPool::Open() {
  const absl::MutexLock lock(&mutex_);
  closed_.reset();
}

bool WorkerPool::AwaitUnused(const std::string& file) const {
  const absl::MutexLock lock(&mutex_);
  const auto over = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !uses_.contains(file) || stop_waiting_; };
  mutex_.Await(absl::Condition(&over));
  return !uses_.contains(file);
}

bool WorkerPool::HasPeer(const WorkerLink& link) const {
  const absl::MutexLock lock(&mutex_);
  return std::ranges::any_of(workers_, [&](const Worker& worker) {
    return worker.link != nullptr && worker.link.get() != &link &&
           worker.link->model.fingerprint() == link.model.fingerprint();
  });
}

std::shared_ptr<WorkerLink> WorkerPool::FindOther(const std::string& file) const {
  const absl::MutexLock lock(&mutex_);
  const auto at = std::ranges::find_if(workers_, [&](const Worker& worker) {
    return worker.link != nullptr && worker.link->model.fingerprint() != file;
  });
  return at == workers_.end() ? nullptr : at->link;
}

std::shared_ptr<WorkerLink> WorkerPool::LinkOf(size_t worker) const {
  const absl::MutexLock lock(&mutex_);
  return workers_[worker].link;
}

std::string WorkerPool::ReasonOf(size_t worker) const {
  const absl::MutexLock lock(&mutex_);
  return workers_[worker].reason;
}

RouteCandidate WorkerPool::ToCandidate(const Worker& worker) {
  RouteCandidate candidate = {.tokens = static_cast<double>(worker.link->tokens),
                              .requests = worker.link->active,
                              .kind = worker.view.kind,
                              .weight = worker.view.weight * worker.view.allowance.weight,
                              .stale = worker.liveness.stale()};
  if (worker.view.status.has_value()) {
    const worker::v1::WorkerStatus& status = *worker.view.status;
    if (status.step_seconds_sum() > 0) {
      candidate.tokens_per_second =
          static_cast<double>(status.prefill_tokens() + status.decode_tokens()) / status.step_seconds_sum();
    }
    candidate.full = status.kv_blocks() > 0 && status.kv_blocks_free() == 0;
  }
  return candidate;
}

std::optional<absl::Duration> WorkerPool::PrefillTime(uint32_t tokens, uint64_t prefix) const {
  const absl::MutexLock lock(&mutex_);
  if (prefixes_.Find(prefix).has_value()) {
    return std::nullopt;
  }
  double fastest = 0;
  for (const Worker& worker : workers_) {
    if (worker.link != nullptr) {
      const double speed = worker.link->prefill_speed.tokens_per_second();
      if (speed == 0) {
        return std::nullopt;
      }
      fastest = std::max(fastest, speed);
    }
  }
  return fastest > 0 ? std::optional(absl::Seconds(tokens / fastest)) : std::nullopt;
}

absl::Status WorkerPool::CheckReady() const {
  const absl::MutexLock lock(&mutex_);
  return AnyReady() ? absl::OkStatus() : NotReady();
}

bool WorkerPool::AwaitReady(absl::Time deadline, int workers) const {
  const absl::MutexLock lock(&mutex_);
  const auto ready = [this, workers]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return NumReady() >= workers; };
  return mutex_.AwaitWithDeadline(absl::Condition(&ready), deadline);
}

bool WorkerPool::AwaitSuccessor(const WorkerLink& link, absl::Time deadline) const {
  const absl::MutexLock lock(&mutex_);
  const Worker& worker = workers_[link.index];
  const auto there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return worker.link != nullptr && worker.link.get() != &link;
  };
  const auto over = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return there() || worker.given_up || stop_waiting_;
  };
  mutex_.AwaitWithDeadline(absl::Condition(&over), deadline);
  return there();
}

void WorkerPool::StopWaiting() {
  const absl::MutexLock lock(&mutex_);
  stop_waiting_ = true;
}

absl::StatusOr<v1::Model> WorkerPool::model() const {
  const absl::MutexLock lock(&mutex_);
  if (!model_.has_value()) {
    return NotReady();
  }
  return *model_;
}

std::vector<std::shared_ptr<WorkerLink>> WorkerPool::Links() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<WorkerLink>> links;
  for (const Worker& worker : workers_) {
    if (worker.link != nullptr) {
      links.push_back(worker.link);
    }
  }
  return links;
}

// Null if the process has gone in the meantime.
WorkerPool::Worker* WorkerPool::Find(const WorkerLink& link) {
  Worker& worker = workers_[link.index];
  return worker.link.get() == &link ? &worker : nullptr;
}

void WorkerPool::StoreStatus(const WorkerLink& link, worker::v1::WorkerStatus status,
                             absl::Duration elapsed) {
  const absl::MutexLock lock(&mutex_);
  if (Worker* worker = Find(link)) {
    worker->liveness.OnStatus(status.steps(), status.running() + status.waiting() > 0, elapsed);
    worker->asked_for += elapsed;
    worker->thermal.Observe(absl::UnixEpoch() + worker->asked_for, status.thermal_pressure());
    worker->view.weight = worker->thermal.weight();
    if (worker->view.kind != CoreKind::kEfficiency) {
      if (const std::optional<std::string> slow = worker->core_watch.Observe(status)) {
        spdlog::error("worker {}: {}", link.name, *slow);
      }
    }
    worker->view.status = std::move(status);
  }
}

void WorkerPool::NoteSilence(const WorkerLink& link, absl::Duration elapsed) {
  const absl::MutexLock lock(&mutex_);
  if (Worker* worker = Find(link)) {
    worker->liveness.OnSilence(elapsed);
  }
}

void WorkerPool::SetAllowances(std::span<const WorkerAllowance> allowances) {
  const absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i].view.allowance = allowances[i];
  }
}

std::optional<int> WorkerPool::SequenceLimitOf(const WorkerLink& link) const {
  const absl::MutexLock lock(&mutex_);
  return workers_[link.index].view.allowance.sequences;
}

std::optional<std::string> WorkerPool::Stalled(const WorkerLink& link, const LivenessLimits& limits) {
  const absl::MutexLock lock(&mutex_);
  const Worker* worker = Find(link);
  return worker == nullptr ? std::nullopt : worker->liveness.Stalled(limits);
}

bool WorkerPool::Retire(const WorkerLink& link) {
  const absl::MutexLock lock(&mutex_);
  Worker* worker = Find(link);
  if (worker == nullptr) {
    return false;
  }
  worker->state = "is leaving to be started again";
  SetLink(*worker, nullptr);
  return true;
}

size_t WorkerPool::size() const {
  const absl::MutexLock lock(&mutex_);
  return workers_.size();
}

std::vector<WorkerPool::View> WorkerPool::Views() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<View> views;
  for (const Worker& worker : workers_) {
    views.push_back(worker.view);
    views.back().step_age = worker.liveness.step_age();
  }
  return views;
}

absl::Status WorkerPool::NoWorker(const Wanted& wanted) const {
  if (!AnyReady() || (!wanted.file.has_value() && !closed_.has_value())) {
    return NotReady();
  }
  return absl::UnavailableError(
      wanted.file.has_value()
          ? "no worker that can take it has the model file that the answer began with; try again"
          : "the model's file is being replaced, and its last worker finishes what it has; try again later");
}

absl::Status WorkerPool::NotReady() const {
  const auto describe = [](std::string* out, const Worker& worker) {
    absl::StrAppend(out, "worker ", worker.view.name, " ", worker.state);
  };
  return WithReason(
      absl::UnavailableError(
          absl::StrCat("no worker is ready: ", absl::StrJoin(workers_, "; ", describe), "; try again later")),
      "NO_WORKER_READY");
}

int WorkerPool::NumReady() const {
  return static_cast<int>(
      std::ranges::count_if(workers_, [](const Worker& worker) { return worker.link != nullptr; }));
}

bool WorkerPool::AnyReady() const { return NumReady() > 0; }

}  // namespace bitnet

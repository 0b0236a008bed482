#include "service/router/worker_pool.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/status_mapping.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// A worker that has said READY answers at once; one that does not in this time is of no use.
constexpr std::chrono::seconds kGetModelDeadline(10);

}  // namespace

WorkerPool::WorkerPool(std::vector<std::string> names, std::function<void(bool)> on_readiness)
    : on_readiness_(std::move(on_readiness)) {
  for (std::string& name : names) {
    workers_.push_back(Worker{.view = {.name = std::move(name)}});
  }
}

void WorkerPool::OnWorkerStarting(size_t worker, int restarts) {
  const absl::MutexLock lock(&mutex_);
  workers_[worker].view.restarts = restarts;
  // After a failure the reason stays in view: "is starting" alone would hide a crash loop.
  Worker& entry = workers_[worker];
  entry.state =
      restarts == 0 ? "is starting" : absl::StrCat("is starting again, it went away: ", entry.reason);
}

absl::Status WorkerPool::OnWorkerReady(size_t worker, const std::string& socket_path) {
  std::string name;
  {
    const absl::MutexLock lock(&mutex_);
    name = workers_[worker].view.name;
  }
  auto link = std::make_shared<WorkerLink>(name, socket_path);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kGetModelDeadline);
  v1::Model model;
  if (grpc::Status status = link->stub->GetModel(&context, {}, &model); !status.ok()) {
    return FromGrpcStatus(status);
  }
  const auto join = [&] {
    spdlog::info("worker {} is ready: {}", name, model.name());
    const absl::MutexLock lock(&mutex_);
    model_ = std::move(model);
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
  entry.state = absl::StrCat(permanently ? "cannot start: " : "went away: ", reason);
  SetLink(entry, nullptr);
}

void WorkerPool::SetLink(Worker& worker, std::shared_ptr<WorkerLink> link) {
  const bool before = AnyReady();
  worker.view.up = link != nullptr;
  worker.view.status.reset();
  worker.link = std::move(link);
  if (AnyReady() != before) {
    on_readiness_(!before);
  }
}

absl::StatusOr<WorkerLease> WorkerPool::Pick(const Wanted& wanted) {
  const absl::MutexLock lock(&mutex_);
  std::shared_ptr<WorkerLink> best;
  for (const Worker& worker : workers_) {
    if (worker.link != nullptr && worker.link.get() != wanted.avoid &&
        (best == nullptr || worker.link->active < best->active)) {
      best = worker.link;
    }
  }
  if (best == nullptr) {
    return NotReady();
  }
  return WorkerLease(std::move(best));
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

void WorkerPool::StoreStatus(const WorkerLink& link, worker::v1::WorkerStatus status) {
  const absl::MutexLock lock(&mutex_);
  for (Worker& worker : workers_) {
    if (worker.link.get() == &link) {  // Not if the process has gone in the meantime.
      worker.view.status = std::move(status);
      return;
    }
  }
}

std::vector<WorkerPool::View> WorkerPool::Views() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<View> views;
  for (const Worker& worker : workers_) {
    views.push_back(worker.view);
  }
  return views;
}

absl::Status WorkerPool::NotReady() const {
  const auto describe = [](std::string* out, const Worker& worker) {
    absl::StrAppend(out, "worker ", worker.view.name, " ", worker.state);
  };
  return absl::UnavailableError(
      absl::StrCat("no worker is ready: ", absl::StrJoin(workers_, "; ", describe), "; try again later"));
}

int WorkerPool::NumReady() const {
  return static_cast<int>(
      std::ranges::count_if(workers_, [](const Worker& worker) { return worker.link != nullptr; }));
}

bool WorkerPool::AnyReady() const { return NumReady() > 0; }

}  // namespace bitnet

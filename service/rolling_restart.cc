#include "service/rolling_restart.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// It has no requests any more by then.
constexpr absl::Duration kLeaveTime = absl::Seconds(10);
// Reading a model of many gigabytes from a slow disk.
constexpr absl::Duration kStartTime = absl::Minutes(10);

}  // namespace

RollingRestart::RollingRestart(WorkerPool* pool, Actions actions)
    : pool_(pool), actions_(std::move(actions)) {}

RollingRestart::~RollingRestart() { Cancel(); }

absl::Status RollingRestart::Begin() {
  if (running_ || cancelled_) {
    return absl::FailedPreconditionError(cancelled_ ? "the server is shutting down"
                                                    : "the workers are being restarted already");
  }
  running_ = true;
  return absl::OkStatus();
}

absl::Status RollingRestart::Run() {
  {
    const absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(Begin());
  }
  return RestartAll();
}

absl::Status RollingRestart::RestartAll() {
  absl::Status status;
  for (const std::shared_ptr<WorkerLink>& link : pool_->Links()) {
    status = RestartOne(*link);
    if (!status.ok()) {
      break;
    }
  }
  const absl::MutexLock lock(&mutex_);
  running_ = false;
  return status;
}

absl::Status RollingRestart::RestartOne(WorkerLink& link) {
  spdlog::info("worker {} is restarted", link.name);
  actions_.retire(link);
  actions_.restart(link);
  if (pool_->AwaitSuccessor(link, absl::Now() + kLeaveTime)) {
    return absl::OkStatus();
  }
  // No effect if it has left, and is only slow to start.
  actions_.kill(link, "it did not leave when it was told to");
  if (pool_->AwaitSuccessor(link, absl::Now() + kStartTime)) {
    return absl::OkStatus();
  }
  const absl::MutexLock lock(&mutex_);
  return cancelled_ ? absl::CancelledError("the server is shutting down")
                    : absl::UnavailableError(absl::StrCat("worker ", link.name, " did not come back; ",
                                                          "those after it were not restarted"));
}

void RollingRestart::Start() {
  const absl::MutexLock lock(&mutex_);
  if (absl::Status status = Begin(); !status.ok()) {
    spdlog::warn("workers are not restarted: {}", status.ToString());
    return;
  }
  if (thread_.joinable()) {
    thread_.join();  // That of an earlier restart, which is over.
  }
  thread_ = std::thread([this] {
    const absl::Status status = RestartAll();
    if (status.ok()) {
      spdlog::info("all workers were restarted");
    } else {
      spdlog::error("not all workers were restarted: {}", status.ToString());
    }
  });
}

void RollingRestart::Cancel() {
  std::thread thread;
  {
    const absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    thread = std::move(thread_);
  }
  pool_->StopWaiting();
  if (thread.joinable()) {
    thread.join();
  }
  // Nor may a Run on another thread outlive this.
  const absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !running_; };
  mutex_.Await(absl::Condition(&idle));
}

}  // namespace bitnet

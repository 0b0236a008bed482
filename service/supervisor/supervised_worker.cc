#include "service/supervisor/supervised_worker.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/worker_exit_codes.h"
#include "service/supervisor/respawn_backoff.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

bool IsPermanent(int wait_status) {
  return WIFEXITED(wait_status) &&
         (WEXITSTATUS(wait_status) == kWorkerExitBadModel || WEXITSTATUS(wait_status) == kWorkerExitUsage);
}

}  // namespace

SupervisedWorker::SupervisedWorker(Config config, WorkerObserver* observer, Clock* clock)
    : config_(std::move(config)), observer_(observer), clock_(clock), thread_([this] { Run(); }) {}

SupervisedWorker::~SupervisedWorker() { thread_.join(); }

void SupervisedWorker::Run() {
  RespawnBackoff backoff;
  std::optional<RestartReason> again;
  for (int start = 0; !stopping(); ++start) {
    observer_->OnWorkerStarting(config_.index, again);
    Ending ending = RunOnce(start);
    again = ending.kind;
    if (ending.permanent && config_.go_back != nullptr && config_.go_back()) {
      ending.permanent = false;
      ending.restarting = true;
      spdlog::error("worker {} cannot start and goes back to the model file before: {}", config_.name,
                    ending.reason);
    }
    if (stopping()) {
      spdlog::info("worker {} stopped: {}", config_.name, ending.reason);
      observer_->OnWorkerGone(config_.index, "it was stopped", false);
      break;
    }
    observer_->OnWorkerGone(config_.index, ending.reason, ending.permanent);
    if (ending.permanent) {
      spdlog::error("worker {} cannot start and is given up: {}", config_.name, ending.reason);
      break;
    }
    if (ending.restarting) {
      continue;
    }
    const absl::Duration delay = backoff.NextDelay(ending.healthy);
    spdlog::warn("worker {} went away: {}; starting it again in {}", config_.name, ending.reason,
                 absl::FormatDuration(delay));
    const absl::MutexLock lock(&mutex_);
    clock_->AwaitUntil(
        mutex_, [this] { return stopping_; }, clock_->Now() + delay);
  }
  const absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

SupervisedWorker::Ending SupervisedWorker::RunOnce(int start) {
  const std::string socket = absl::StrCat(config_.run_directory, "/", config_.name, "-", start, ".sock");
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(config_.command(socket));
  if (!child.ok()) {
    return {.reason = std::string(child.status().message()),
            .permanent = absl::IsNotFound(child.status()) || absl::IsPermissionDenied(child.status()),
            .healthy = absl::ZeroDuration()};
  }
  SetChild(child->get(), socket);
  spdlog::debug("worker {} is process {}", config_.name, (*child)->pid());

  std::string reason;
  absl::Time ready_at = absl::InfiniteFuture();
  bool served = false;
  for (std::string line; (*child)->ReadLine(&line);) {
    if (absl::string_view rest = line; absl::ConsumePrefix(&rest, "FAILED ")) {
      reason = std::string(rest);
    } else if (absl::StartsWith(line, "READY")) {
      ready_at = clock_->Now();
      if (absl::Status status = observer_->OnWorkerReady(config_.index, socket); !status.ok()) {
        reason = absl::StrCat("it was ready but did not answer: ", status.message());
        (*child)->Signal(SIGKILL);
      } else {
        served = true;
      }
      break;
    }
  }
  const int wait_status = (*child)->WaitForExit();
  const absl::Duration healthy =
      ready_at == absl::InfiniteFuture() ? absl::ZeroDuration() : clock_->Now() - ready_at;
  SetChild(nullptr, "");
  unlink(socket.c_str());
  const absl::MutexLock lock(&mutex_);
  const RestartReason kind = KindOf(wait_status, served);
  if (!kill_why_.empty()) {
    reason = std::exchange(kill_why_, "");
  }
  return {.reason = reason.empty() ? DescribeExit(wait_status)
                                   : absl::StrCat(reason, " (", DescribeExit(wait_status), ")"),
          .kind = kind,
          .permanent = IsPermanent(wait_status),
          .healthy = healthy,
          .restarting = std::exchange(restarting_, false)};
}

RestartReason SupervisedWorker::KindOf(int wait_status, bool served) const {
  if (restarting_) {
    return RestartReason::kPlanned;
  }
  if (!kill_why_.empty()) {
    return RestartReason::kStalled;
  }
  if (!served) {
    return RestartReason::kNotReady;
  }
  return WIFSIGNALED(wait_status) ? RestartReason::kCrash : RestartReason::kExit;
}

void SupervisedWorker::SetChild(ChildProcess* child, const std::string& socket) {
  const absl::MutexLock lock(&mutex_);
  child_ = child;
  socket_ = socket;
  frozen_ = absl::ZeroDuration();
  if (stopping_ && child_ != nullptr) {  // Stop() came while it was being started.
    child_->Signal(killing_ ? SIGKILL : SIGTERM);
  }
}

void SupervisedWorker::KillProcess(const std::string& socket_path, const std::string& why) {
  const absl::MutexLock lock(&mutex_);
  if (child_ != nullptr && socket_ == socket_path) {
    kill_why_ = why;
    child_->Signal(SIGKILL);
  }
}

void SupervisedWorker::RestartProcess(const std::string& socket_path) {
  const absl::MutexLock lock(&mutex_);
  if (child_ != nullptr && socket_ == socket_path) {
    restarting_ = true;
    child_->Signal(SIGTERM);
  }
}

void SupervisedWorker::KillIfFrozen(absl::Duration elapsed, absl::Duration limit) {
  const absl::MutexLock lock(&mutex_);
  frozen_ = child_ != nullptr && child_->IsStopped() ? frozen_ + elapsed : absl::ZeroDuration();
  if (frozen_ >= limit) {
    kill_why_ = absl::StrCat("it was stopped by a signal for ", absl::FormatDuration(frozen_));
    child_->Signal(SIGKILL);
  }
}

void SupervisedWorker::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopping_ = true;
  if (child_ != nullptr) {
    child_->Signal(SIGTERM);
  }
}

void SupervisedWorker::Kill() {
  const absl::MutexLock lock(&mutex_);
  stopping_ = true;
  killing_ = true;
  if (child_ != nullptr) {
    child_->Signal(SIGKILL);
  }
}

bool SupervisedWorker::AwaitStopped(absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  return clock_->AwaitUntil(
      mutex_, [this] { return stopped_; }, deadline);
}

bool SupervisedWorker::stopping() const {
  const absl::MutexLock lock(&mutex_);
  return stopping_;
}

}  // namespace bitnet

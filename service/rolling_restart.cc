#include "service/rolling_restart.h"

#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/file_identity.h"
#include "base/status_macros.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// It has no requests any more by then.
constexpr absl::Duration kLeaveTime = absl::Seconds(10);
// Reading a model of many gigabytes from a slow disk.
constexpr absl::Duration kStartTime = absl::Minutes(10);

}  // namespace

RollingRestart::RollingRestart(WorkerPool* pool, WorkerFiles* files, Actions actions)
    : pool_(pool), files_(files), actions_(std::move(actions)) {}

RollingRestart::~RollingRestart() { Cancel(); }

absl::Status RollingRestart::Begin() {
  if (running_ || cancelled_) {
    return absl::FailedPreconditionError(cancelled_ ? "the server is shutting down"
                                                    : "the workers are being restarted already");
  }
  running_ = true;
  return absl::OkStatus();
}

void RollingRestart::End() {
  const absl::MutexLock lock(&mutex_);
  running_ = false;
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
    // It may have been replaced. One that has gone cannot be compared, and the worker will say so.
    const std::string file =
        FileIdentity(files_->path(link->index)).value_or(std::string(link->model.fingerprint()));
    status = RestartOne(link, file, [] {});
    pool_->Open();
    if (!status.ok()) {
      break;
    }
  }
  End();
  return status;
}

absl::Status RollingRestart::Swap(const std::string& path) {
  {
    const absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(Begin());
  }
  absl::Status status = SwapAll(path);
  End();
  return status;
}

absl::Status RollingRestart::SwapAll(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string file, FileIdentity(path));
  RETURN_IF_ERROR(pool_->CheckReady());
  const absl::Cleanup open = [this] { pool_->Open(); };
  bool first = true;
  while (const std::shared_ptr<WorkerLink> link = pool_->FindOther(file)) {
    const size_t worker = link->index;
    RETURN_IF_ERROR(
        RestartOne(link, file, [&] { first ? files_->Try(worker, path) : files_->Assign(worker, path); }));
    const std::shared_ptr<WorkerLink> next = pool_->LinkOf(worker);
    if (first && next != nullptr && next->model.fingerprint() != file) {
      return absl::FailedPreconditionError(absl::StrCat("worker ", link->name, " cannot load ", path, ": ",
                                                        pool_->ReasonOf(worker),
                                                        "; the file before is served on"));
    }
    first = false;
    pool_->Close(link->model.fingerprint());  // Who comes back with it, for its answers, gets no new ones.
  }
  files_->AssignAll(path);  // Those that are not there now come with it.
  return absl::OkStatus();
}

absl::Status RollingRestart::AwaitLastAnswers(const WorkerLink& link) {
  spdlog::info("worker {} ends the answers that it has: no other one has its model file", link.name);
  pool_->Close(link.model.fingerprint());
  return pool_->AwaitUnused(link.model.fingerprint()) ? absl::OkStatus()
                                                      : absl::CancelledError("the server is shutting down");
}

absl::Status RollingRestart::RestartOne(const std::shared_ptr<WorkerLink>& link, const std::string& next_file,
                                        const std::function<void()>& assign) {
  spdlog::info("worker {} is restarted", link->name);
  std::shared_ptr<WorkerLink> process = link;
  if (link->model.fingerprint() != next_file && !pool_->HasPeer(*link)) {
    RETURN_IF_ERROR(AwaitLastAnswers(*link));
    process = pool_->LinkOf(link->index);  // Another one, if that went away meanwhile.
  }
  assign();
  if (process == nullptr) {
    process = link;  // It is on its way already.
  } else {
    actions_.retire(*process);
    actions_.restart(*process);
  }
  if (pool_->AwaitSuccessor(*process, absl::Now() + kLeaveTime)) {
    return absl::OkStatus();
  }
  // No effect if it has left, and is only slow to start.
  actions_.kill(*process, "it did not leave when it was told to");
  if (pool_->AwaitSuccessor(*process, absl::Now() + kStartTime)) {
    return absl::OkStatus();
  }
  const absl::MutexLock lock(&mutex_);
  return cancelled_ ? absl::CancelledError("the server is shutting down")
                    : absl::UnavailableError(absl::StrCat("worker ", link->name, " did not come back; ",
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

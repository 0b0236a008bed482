#include "service/router/status_poller.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <utility>

#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// A worker answers from memory, in far less. The status of one that does not stays as it was.
constexpr std::chrono::seconds kDeadline(1);

}  // namespace

StatusPoller::StatusPoller(WorkerPool* pool, absl::Duration interval, Clock* clock)
    : pool_(pool), interval_(interval), clock_(clock), thread_([this] { Run(); }) {}

StatusPoller::~StatusPoller() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void StatusPoller::Run() {
  for (;;) {
    for (const std::shared_ptr<WorkerLink>& link : pool_->Links()) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + kDeadline);
      worker::v1::WorkerStatus status;
      if (grpc::Status result = link->stub->GetStatus(&context, {}, &status); result.ok()) {
        pool_->StoreStatus(*link, std::move(status));
      } else {
        spdlog::debug("worker {} did not tell its status: {}", link->name, result.error_message());
      }
    }
    const absl::MutexLock lock(&mutex_);
    if (clock_->AwaitUntil(
            mutex_, [this] { return stopping_; }, clock_->Now() + interval_)) {
      return;
    }
  }
}

}  // namespace bitnet

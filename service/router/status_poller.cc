#include "service/router/status_poller.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/thread_qos.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// A worker answers from memory, in far less.
constexpr absl::Duration kDeadline = absl::Seconds(1);

}  // namespace

struct StatusPoller::Poll {
  std::shared_ptr<WorkerLink> link;
  grpc::ClientContext context = {};
  worker::v1::GetStatusRequest request = {};
  worker::v1::WorkerStatus status = {};
  grpc::Status result = {};
};

StatusPoller::StatusPoller(WorkerPool* pool, Options options, Clock* clock)
    : pool_(pool), options_(std::move(options)), clock_(clock), thread_([this] { Run(); }) {}

StatusPoller::~StatusPoller() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void StatusPoller::Run() {
  SetThreadQos(QosClass::kUtility);
  absl::Time last = clock_->Now();
  for (;;) {
    std::vector<std::unique_ptr<Poll>> polls;
    for (std::shared_ptr<WorkerLink>& link : pool_->Links()) {
      polls.push_back(std::make_unique<Poll>(std::move(link)));
    }
    AskAll(polls);
    const absl::Time now = clock_->Now();
    // More than this means that we did not run, and says nothing about the workers.
    const absl::Duration elapsed = std::min(now - last, options_.interval + 2 * kDeadline);
    last = now;
    for (const std::unique_ptr<Poll>& poll : polls) {
      Judge(*poll, elapsed);
    }
    options_.on_round(elapsed);
    const absl::MutexLock lock(&mutex_);
    if (clock_->AwaitUntil(
            mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; }, now + options_.interval)) {
      return;
    }
  }
}

// All at once, so that one that does not answer keeps nobody waiting for longer than a single deadline.
void StatusPoller::AskAll(std::vector<std::unique_ptr<Poll>>& polls) {
  {
    const absl::MutexLock lock(&mutex_);
    unanswered_ = polls.size();
  }
  const absl::Duration deadline = std::min(kDeadline, options_.limits.silence / 2);
  for (const std::unique_ptr<Poll>& poll : polls) {
    poll->request.set_sequence_limit(static_cast<uint32_t>(pool_->SequenceLimitOf(*poll->link).value_or(0)));
    poll->context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
    poll->link->stub->async()->GetStatus(&poll->context, &poll->request, &poll->status,
                                         [this, poll = poll.get()](const grpc::Status& result) {
                                           poll->result = result;
                                           const absl::MutexLock lock(&mutex_);
                                           --unanswered_;
                                         });
  }
  const absl::MutexLock lock(&mutex_);
  const auto all = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return unanswered_ == 0; };
  mutex_.Await(absl::Condition(&all));
}

void StatusPoller::Judge(const Poll& poll, absl::Duration elapsed) {
  if (poll.result.ok()) {
    pool_->StoreStatus(*poll.link, poll.status, elapsed);
    if (poll.status.stopping()) {
      options_.on_stopping(*poll.link);
      return;
    }
  } else {
    spdlog::debug("worker {} did not tell its status: {}", poll.link->name, poll.result.error_message());
    // A broken connection means that the process ends: who watches that is the supervisor.
    if (poll.result.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      pool_->NoteSilence(*poll.link, elapsed);
    }
  }
  if (const std::optional<std::string> why = pool_->Stalled(*poll.link, options_.limits)) {
    options_.on_stalled(*poll.link, *why);
  }
}

}  // namespace bitnet

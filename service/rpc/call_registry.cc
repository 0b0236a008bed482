#include "service/rpc/call_registry.h"

#include <utility>

#include "service/errors/error_details.h"

namespace bitnet {
namespace {

absl::Status Closed() {
  return WithReason(
      absl::UnavailableError("the server is shutting down and takes no new requests; try another one"),
      "SHUTTING_DOWN");
}

}  // namespace

absl::Status CallRegistry::CheckOpen() const {
  const absl::MutexLock lock(&mutex_);
  return closed_ ? Closed() : absl::OkStatus();
}

absl::Status CallRegistry::Enter(std::shared_ptr<RunningCall> call) {
  const absl::MutexLock lock(&mutex_);
  if (closed_) {
    return Closed();
  }
  calls_.push_back(std::move(call));
  return absl::OkStatus();
}

void CallRegistry::Leave(const RunningCall* call) {
  std::shared_ptr<RunningCall> last;  // If this was the last reference, it goes after the lock.
  const absl::MutexLock lock(&mutex_);
  for (std::shared_ptr<RunningCall>& entry : calls_) {
    if (entry.get() == call) {
      last = std::move(entry);
      entry = std::move(calls_.back());
      calls_.pop_back();
      return;
    }
  }
}

void CallRegistry::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

bool CallRegistry::AwaitEmpty(absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  const auto done = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_.empty() || hurry_; };
  mutex_.AwaitWithDeadline(absl::Condition(&done), deadline);
  return calls_.empty();
}

bool CallRegistry::AwaitNoClientCalls(absl::Time deadline) {
  const absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return client_calls_ == 0; };
  return mutex_.AwaitWithDeadline(absl::Condition(&none), deadline);
}

CallRegistry::ClientCall::ClientCall(CallRegistry* registry) : registry_(registry) {
  const absl::MutexLock lock(&registry_->mutex_);
  ++registry_->client_calls_;
}

CallRegistry::ClientCall::~ClientCall() {
  const absl::MutexLock lock(&registry_->mutex_);
  --registry_->client_calls_;
}

void CallRegistry::Hurry() {
  const absl::MutexLock lock(&mutex_);
  hurry_ = true;
}

std::vector<std::shared_ptr<RunningCall>> CallRegistry::Snapshot() const {
  const absl::MutexLock lock(&mutex_);
  return calls_;
}

void CallRegistry::EndAll(const absl::Status& status) {
  for (const std::shared_ptr<RunningCall>& call : Snapshot()) {
    call->End(status);
  }
}

void CallRegistry::MoveAll(const WorkerLink& link) {
  for (const std::shared_ptr<RunningCall>& call : Snapshot()) {
    call->MoveFrom(link);
  }
}

size_t CallRegistry::size() const {
  const absl::MutexLock lock(&mutex_);
  return calls_.size();
}

}  // namespace bitnet

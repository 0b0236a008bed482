#include "worker/call_gate.h"

namespace bitnet {

CallGate::~CallGate() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](int* calls) { return *calls == 0; }, &calls_));
}

bool CallGate::Enter() {
  absl::MutexLock lock(&mutex_);
  ++calls_;
  return stop_requests_ == 0;
}

void CallGate::Leave() {
  absl::MutexLock lock(&mutex_);
  --calls_;
}

void CallGate::RequestStop() {
  absl::MutexLock lock(&mutex_);
  ++stop_requests_;
}

bool CallGate::stop_requested() const {
  absl::MutexLock lock(&mutex_);
  return stop_requests_ > 0;
}

void CallGate::AwaitStopRequest() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](int* requests) { return *requests > 0; }, &stop_requests_));
}

bool CallGate::AwaitEmpty(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_ == 0 || stop_requests_ > 1; };
  mutex_.AwaitWithDeadline(absl::Condition(&ready), deadline);
  return calls_ == 0;
}

}  // namespace bitnet

#include "engine/cli/token_queue.h"

#include <utility>

namespace bitnet {

void TokenQueue::Push(Event event) {
  absl::MutexLock lock(&mutex_);
  events_.push_back(std::move(event));
}

TokenQueue::Event TokenQueue::Pop() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &TokenQueue::HasEvent));
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace bitnet

#include "engine/c_api/event_queue.h"

#include <utility>

namespace bitnet {

void EventQueue::OnToken(const GeneratedToken& token) {
  Push(Token{token, {token.logits.begin(), token.logits.end()}});
}

void EventQueue::Push(Event event) {
  absl::MutexLock lock(&mutex_);
  events_.push_back(std::move(event));
}

std::optional<EventQueue::Event> EventQueue::Pop(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithTimeout(absl::Condition(this, &EventQueue::HasEvent), timeout)) {
    return std::nullopt;
  }
  std::optional<Event> event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace bitnet

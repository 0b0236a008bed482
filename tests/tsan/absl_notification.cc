// absl::Notification and absl::BlockingCounter: what happened before Notify() or DecrementCount() is visible
// to those who were told. Both pass it on in atomics, which the thread sanitizer does not see in Abseil's own
// code.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tests/tsan/interpose.h"

namespace absl {
ABSL_NAMESPACE_BEGIN

using bitnet::tsan::Next;

// The address is the atomic's, which HasBeenNotified() acquires: it is inline, hence instrumented here and in
// all callers.
void Notification::Notify() {
  __tsan_release(&notified_yet_);
  (this->*Next<&Notification::Notify>())();
}
void Notification::WaitForNotification() const {
  (this->*Next<&Notification::WaitForNotification>())();
  static_cast<void>(HasBeenNotified());
}
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  (this->*Next<&Notification::WaitForNotificationWithTimeout>())(timeout);
  return HasBeenNotified();
}
bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  (this->*Next<&Notification::WaitForNotificationWithDeadline>())(deadline);
  return HasBeenNotified();
}

bool BlockingCounter::DecrementCount() {
  __tsan_release(&count_);
  const bool last = (this->*Next<&BlockingCounter::DecrementCount>())();
  if (last) __tsan_acquire(&count_);
  return last;
}
void BlockingCounter::Wait() {
  (this->*Next<&BlockingCounter::Wait>())();
  __tsan_acquire(&count_);
}

ABSL_NAMESPACE_END
}  // namespace absl

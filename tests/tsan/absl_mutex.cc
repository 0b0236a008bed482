// absl::Mutex and absl::CondVar, announced to the thread sanitizer as Abseil itself does when it is compiled
// with it.
//
// Between "pre" and "post" the sanitizer looks away: it sees neither Abseil's atomics nor what a Condition
// reads when another thread evaluates it. Therefore a wait evaluates its Condition once before, holding the
// lock and looked at.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/tsan/interpose.h"

namespace bitnet::tsan {
namespace {

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;

// While one exists, the mutex is being locked.
class Locking {
 public:
  Locking(absl::Mutex* mutex, unsigned mode) : mutex_(mutex), mode_(mode) {
    __tsan_mutex_pre_lock(mutex_, mode_);
  }
  ~Locking() { __tsan_mutex_post_lock(mutex_, mode_, 0); }

 private:
  absl::Mutex* const mutex_;
  const unsigned mode_;
};

// The same, if the mutex is free: Tell() says whether it was.
class TryingToLock {
 public:
  TryingToLock(absl::Mutex* mutex, unsigned mode) : mutex_(mutex), mode_(mode | __tsan_mutex_try_lock) {
    __tsan_mutex_pre_lock(mutex_, mode_);
  }
  bool Tell(bool locked) {
    __tsan_mutex_post_lock(mutex_, locked ? mode_ : mode_ | __tsan_mutex_try_lock_failed, 0);
    return locked;
  }

 private:
  absl::Mutex* const mutex_;
  const unsigned mode_;
};

class Unlocking {
 public:
  Unlocking(absl::Mutex* mutex, unsigned mode) : mutex_(mutex), mode_(mode) {
    __tsan_mutex_pre_unlock(mutex_, mode_);
  }
  ~Unlocking() { __tsan_mutex_post_unlock(mutex_, mode_); }

 private:
  absl::Mutex* const mutex_;
  const unsigned mode_;
};

// While one exists, the mutex is unlocked and locked again. For writers only: no reader waits in this tree or
// in gRPC.
class Waiting {
 public:
  explicit Waiting(absl::Mutex* mutex) : mutex_(mutex) { __tsan_mutex_pre_unlock(mutex_, kWrite); }
  ~Waiting() {
    __tsan_mutex_post_unlock(mutex_, kWrite);
    const Locking again(mutex_, kWrite);
  }

 private:
  absl::Mutex* const mutex_;
};

}  // namespace
}  // namespace bitnet::tsan

namespace absl {
ABSL_NAMESPACE_BEGIN

using bitnet::tsan::kRead;
using bitnet::tsan::kWrite;
using bitnet::tsan::Locking;
using bitnet::tsan::Next;
using bitnet::tsan::TryingToLock;
using bitnet::tsan::Unlocking;
using bitnet::tsan::Waiting;

// The library's own does the same for a mutex without a debug log.
Mutex::~Mutex() {
  ForgetDeadlockInfo();
  __tsan_mutex_destroy(this, __tsan_mutex_not_static);
}

void Mutex::Lock() {
  const Locking announced(this, kWrite);
  (this->*Next<&Mutex::Lock>())();
}
bool Mutex::TryLock() {
  TryingToLock announced(this, kWrite);
  return announced.Tell((this->*Next<&Mutex::TryLock>())());
}
void Mutex::LockWhen(const Condition& condition) {
  const Locking announced(this, kWrite);
  (this->*Next<&Mutex::LockWhen>())(condition);
}
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  const Locking announced(this, kWrite);
  return (this->*Next<&Mutex::LockWhenWithDeadline>())(condition, deadline);
}
void Mutex::Unlock() {
  const Unlocking announced(this, kWrite);
  (this->*Next<&Mutex::Unlock>())();
}

void Mutex::ReaderLock() {
  const Locking announced(this, kRead);
  (this->*Next<&Mutex::ReaderLock>())();
}
bool Mutex::ReaderTryLock() {
  TryingToLock announced(this, kRead);
  return announced.Tell((this->*Next<&Mutex::ReaderTryLock>())());
}
void Mutex::ReaderLockWhen(const Condition& condition) {
  const Locking announced(this, kRead);
  (this->*Next<&Mutex::ReaderLockWhen>())(condition);
}
bool Mutex::ReaderLockWhenWithDeadline(const Condition& condition, Time deadline) {
  const Locking announced(this, kRead);
  return (this->*Next<&Mutex::ReaderLockWhenWithDeadline>())(condition, deadline);
}
void Mutex::ReaderUnlock() {
  const Unlocking announced(this, kRead);
  (this->*Next<&Mutex::ReaderUnlock>())();
}

void Mutex::Await(const Condition& condition) {
  if (condition.Eval()) return;
  const Waiting announced(this);
  (this->*Next<&Mutex::Await>())(condition);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  if (condition.Eval()) return true;
  const Waiting announced(this);
  return (this->*Next<&Mutex::AwaitWithDeadline>())(condition, deadline);
}

void CondVar::Wait(Mutex* mutex) {
  const Waiting announced(mutex);
  (this->*Next<&CondVar::Wait>())(mutex);
}
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  const Waiting announced(mutex);
  return (this->*Next<&CondVar::WaitWithDeadline>())(mutex, deadline);
}

// A timeout becomes a deadline here, because some of Abseil's functions for the one call those for the other:
// such a wait would be announced twice.
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  return LockWhenWithDeadline(condition, Now() + timeout);
}
bool Mutex::ReaderLockWhenWithTimeout(const Condition& condition, Duration timeout) {
  return ReaderLockWhenWithDeadline(condition, Now() + timeout);
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  return AwaitWithDeadline(condition, Now() + timeout);
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  return WaitWithDeadline(mutex, Now() + timeout);
}

ABSL_NAMESPACE_END
}  // namespace absl

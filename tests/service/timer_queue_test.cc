#include "service/timer_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/service/fake_clock.h"

namespace bitnet {
namespace {

// Writes down who was woken.
struct Log {
  absl::Mutex mutex;
  std::string woken ABSL_GUARDED_BY(mutex);

  void Await(const std::string& text) {
    const absl::MutexLock lock(&mutex);
    const auto there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return woken == text; };
    EXPECT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30))) << woken;
  }
};

class Named final : public TimerQueue::Sleeper {
 public:
  Named(char name, Log* log) : name_(name), log_(log) {}
  void OnTimer() override {
    const absl::MutexLock lock(&log_->mutex);
    log_->woken += name_;
  }

 private:
  const char name_;
  Log* const log_;
};

class TimerQueueTest : public testing::Test {
 protected:
  std::shared_ptr<Named> Make(char name) { return std::make_shared<Named>(name, &log_); }
  absl::Time In(int seconds) { return clock_.Now() + absl::Seconds(seconds); }

  Log log_;
  FakeClock clock_;
  TimerQueue queue_{&clock_};
};

TEST_F(TimerQueueTest, WakesInTheOrderOfTime) {
  queue_.Set(Make('b'), In(2));
  queue_.Set(Make('a'), In(1));
  queue_.Set(Make('c'), In(3));
  clock_.AdvanceToWaiter(absl::Seconds(1));
  log_.Await("a");
  clock_.AdvanceToWaiter(absl::Seconds(2));
  log_.Await("abc");
}

TEST_F(TimerQueueTest, WakesAtTheTimeThatWasSetLast) {
  const auto moved = Make('m');
  queue_.Set(moved, In(1));
  queue_.Set(moved, In(3));
  queue_.Set(Make('a'), In(2));
  clock_.AdvanceToWaiter(absl::Seconds(2));
  log_.Await("a");
  clock_.AdvanceToWaiter(absl::Seconds(1));
  log_.Await("am");
}

TEST_F(TimerQueueTest, WakesNobodyWhoWasRemoved) {
  const auto removed = Make('r');
  queue_.Set(removed, In(1));
  queue_.Set(Make('a'), In(2));
  queue_.Remove(removed.get());
  queue_.Remove(removed.get());
  EXPECT_EQ(removed.use_count(), 1);
  clock_.AdvanceToWaiter(absl::Seconds(2));
  log_.Await("a");
}

}  // namespace
}  // namespace bitnet

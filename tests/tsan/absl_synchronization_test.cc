// The thread sanitizer knows what Abseil's locks and notifications order, and reports what they do not.
//
// Reports do not depend on who comes first: what the sanitizer compares is what is ordered, not when it
// happened.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

static std::atomic<int> g_reports = 0;

// The sanitizer calls these where a program has them. A report is a result here and does not fail the
// program.
extern "C" void __tsan_on_report(void*) { ++g_reports; }
extern "C" const char* __tsan_default_options() {
  return "exitcode=0:suppress_equal_addresses=0:suppress_equal_stacks=0";
}

namespace bitnet {
namespace {

class AbslSynchronizationTest : public testing::Test {
 protected:
  // How many reports come of running both at the same time.
  template <typename One, typename Other>
  int Reports(One one, Other other) {
    const int before = g_reports;
    std::thread thread(std::move(one));
    other();
    thread.join();
    return g_reports - before;
  }

  void Increment() {
    const absl::MutexLock lock(&mutex_);
    ++value_;
  }
  // As a reply is handed over: the value first, then under the lock that it is there.
  void Publish() {
    value_ = 1;
    const absl::MutexLock lock(&mutex_);
    published_ = true;
    changed_.Signal();
  }

  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool published_ = false;
  int value_ = 0;
};

TEST_F(AbslSynchronizationTest, OrdersWhatHoldsTheMutex) {
  EXPECT_EQ(Reports([&] { Increment(); }, [&] { Increment(); }), 0);
}

TEST_F(AbslSynchronizationTest, ReportsWhatDoesNotHoldTheMutex) {
  EXPECT_GT(Reports([&] { Increment(); }, [&] { ++value_; }), 0);
}

TEST_F(AbslSynchronizationTest, ReportsAnotherMutex) {
  absl::Mutex other;
  EXPECT_GT(Reports([&] { Increment(); },
                    [&] {
                      const absl::MutexLock lock(&other);
                      ++value_;
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, OrdersAReaderWithAWriterAndNotTwoReaders) {
  const auto read = [&] {
    const absl::ReaderMutexLock lock(&mutex_);
    EXPECT_LE(value_, 1);
  };
  const auto write = [&] {
    const absl::ReaderMutexLock lock(&mutex_);
    ++value_;
  };
  EXPECT_EQ(Reports([&] { Increment(); }, read), 0);
  EXPECT_GT(Reports([&] { write(); }, write), 0);
}

TEST_F(AbslSynchronizationTest, OrdersATryThatSucceeds) {
  EXPECT_EQ(Reports([&] { Increment(); },
                    [&] {
                      while (!mutex_.TryLock()) {
                      }
                      ++value_;
                      mutex_.Unlock();
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, OrdersAWaitForACondition) {
  EXPECT_EQ(Reports([&] { Publish(); },
                    [&] {
                      const absl::MutexLock lock(&mutex_);
                      mutex_.Await(absl::Condition(&published_));
                      ++value_;
                    }),
            0);
  EXPECT_EQ(Reports([&] { Publish(); },
                    [&] {
                      const absl::MutexLock lock(&mutex_, absl::Condition(&published_));
                      mutex_.AwaitWithTimeout(absl::Condition(&published_), absl::InfiniteDuration());
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, OrdersAWaitForASignal) {
  EXPECT_EQ(Reports([&] { Publish(); },
                    [&] {
                      const absl::MutexLock lock(&mutex_);
                      while (!published_) changed_.Wait(&mutex_);
                      ++value_;
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, HoldsTheMutexAfterAWaitThatGaveUp) {
  const bool never = false;
  EXPECT_EQ(Reports([&] { Increment(); },
                    [&] {
                      const absl::MutexLock lock(&mutex_);
                      EXPECT_FALSE(mutex_.AwaitWithTimeout(absl::Condition(&never), absl::ZeroDuration()));
                      ++value_;
                      EXPECT_TRUE(changed_.WaitWithTimeout(&mutex_, absl::ZeroDuration()));
                      ++value_;
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, ReportsAConditionOnWhatTheMutexDoesNotGuard) {
  const auto published = [&] { return published_; };
  EXPECT_GT(Reports([&] { published_ = true; },
                    [&] {
                      const absl::MutexLock lock(&mutex_);
                      mutex_.AwaitWithTimeout(absl::Condition(&published), absl::ZeroDuration());
                    }),
            0);
}

// Else the second would seem to be locked in both orders: a report, and Abseil's own detector would end the
// process.
TEST_F(AbslSynchronizationTest, ForgetsAMutexThatIsGone) {
  const int before = g_reports;
  absl::Mutex outlives;
  std::optional<absl::Mutex> mutex;
  for (const bool comes_first : {true, false}) {
    mutex.emplace();  // Both times at the same address.
    const absl::MutexLock outer(comes_first ? &*mutex : &outlives), inner(comes_first ? &outlives : &*mutex);
  }
  EXPECT_EQ(g_reports, before);
}

TEST_F(AbslSynchronizationTest, OrdersANotificationWithThoseWhoLearnOfIt) {
  absl::Notification waited_for, polled, within_time;
  const auto notify = [&](absl::Notification& notification) {
    return [&] {
      value_ = 1;
      notification.Notify();
    };
  };
  EXPECT_EQ(Reports(notify(waited_for),
                    [&] {
                      waited_for.WaitForNotification();
                      ++value_;
                    }),
            0);
  EXPECT_EQ(Reports(notify(polled),
                    [&] {
                      while (!polled.HasBeenNotified()) {
                      }
                      ++value_;
                    }),
            0);
  EXPECT_EQ(Reports(notify(within_time),
                    [&] {
                      EXPECT_TRUE(within_time.WaitForNotificationWithTimeout(absl::InfiniteDuration()));
                      ++value_;
                    }),
            0);
}

TEST_F(AbslSynchronizationTest, ReportsWhoDoesNotAwaitTheNotification) {
  absl::Notification notification;
  EXPECT_GT(Reports(
                [&] {
                  value_ = 1;
                  notification.Notify();
                },
                [&] { ++value_; }),
            0);
}

TEST_F(AbslSynchronizationTest, OrdersAllThatIsCountedWithWhoWaitsForIt) {
  absl::BlockingCounter counter(2);
  int other = 0;
  std::thread thread([&] {
    other = 1;
    counter.DecrementCount();
  });
  EXPECT_EQ(Reports(
                [&] {
                  value_ = 1;
                  counter.DecrementCount();
                },
                [&] {
                  counter.Wait();
                  EXPECT_EQ(value_ + other, 2);
                }),
            0);
  thread.join();
}

}  // namespace
}  // namespace bitnet

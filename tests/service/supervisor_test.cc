#include "service/supervisor/supervisor.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "service/run_directory.h"
#include "service/supervisor/respawn_backoff.h"
#include "tests/service/fake_clock.h"

namespace bitnet {
namespace {

// Notes what happens as words, and lets tests wait for them.
class Events final : public WorkerObserver {
 public:
  void OnWorkerStarting(size_t worker, std::optional<RestartReason> again) override {
    Add(again.has_value() ? absl::StrCat("again ", worker, ": ", Name(*again))
                          : absl::StrCat("start ", worker));
  }
  absl::Status OnWorkerReady(size_t worker, const std::string& /*socket*/) override {
    Add(absl::StrCat("ready ", worker));
    return on_ready;
  }
  void OnWorkerGone(size_t worker, const std::string& reason, bool permanently) override {
    Add(absl::StrCat(permanently ? "failed " : "gone ", worker, ": ", reason));
  }

  std::string Next() {
    const absl::MutexLock lock(&mutex_);
    const auto any = [this] { return !events_.empty(); };
    mutex_.Await(absl::Condition(&any));
    std::string event = events_.front();
    events_.erase(events_.begin());
    return event;
  }

  bool empty() {
    const absl::MutexLock lock(&mutex_);
    return events_.empty();
  }

  absl::Status on_ready;

 private:
  void Add(std::string event) {
    const absl::MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
  }
  absl::Mutex mutex_;
  std::vector<std::string> events_;
};

class SupervisorTest : public testing::Test {
 protected:
  std::unique_ptr<Supervisor> Start(const std::string& model) {
    ServiceOptions options;
    options.worker_binary = FAKE_WORKER;
    files_.Assign(0, model);
    return std::make_unique<Supervisor>(options, ModelSpec{.name = "fake", .path = model}, &files_,
                                        std::vector<WorkerSpec>{{.name = "W0", .cluster = "P0"}},
                                        run_directory_.path(), &events_, &clock_,
                                        [this](const std::string& why) {
                                          failure_ = why;
                                          failed_.Notify();
                                        });
  }

  RunDirectory run_directory_ = *RunDirectory::Create("");
  FakeClock clock_;
  WorkerFiles files_{1, ""};
  Events events_;
  std::string failure_;
  absl::Notification failed_;
};

TEST_F(SupervisorTest, StartsAWorkerAndStopsIt) {
  const auto supervisor = Start("good");
  EXPECT_EQ(events_.Next(), "start 0");
  EXPECT_EQ(events_.Next(), "ready 0");
  supervisor->Stop(absl::Seconds(10));
  EXPECT_EQ(events_.Next(), "gone 0: it was stopped");
}

TEST_F(SupervisorTest, StartsADeadWorkerAgainAfterGrowingDelays) {
  const auto supervisor = Start("exit:3");
  const absl::Time begin = clock_.Now();
  for (int restart = 0; restart < 4; ++restart) {
    EXPECT_EQ(events_.Next(), restart == 0 ? "start 0" : "again 0: not_ready");
    EXPECT_EQ(events_.Next(), "gone 0: exit code 3");
    clock_.AdvanceToWaiter(absl::Milliseconds(100) * (1 << restart));
  }
  EXPECT_EQ(clock_.Now() - begin, absl::Milliseconds(1500));
}

TEST_F(SupervisorTest, GivesUpAWorkerThatCannotStartAndSaysWhy) {
  const auto supervisor = Start("exit:78:tensor blk.0 is truncated");
  EXPECT_EQ(events_.Next(), "start 0");
  EXPECT_EQ(events_.Next(), "failed 0: tensor blk.0 is truncated (exit code 78)");
  failed_.WaitForNotification();
  EXPECT_EQ(failure_, "tensor blk.0 is truncated (exit code 78)");
}

TEST_F(SupervisorTest, GivesUpAfterWrongFlags) {
  const auto supervisor = Start("exit:64");
  EXPECT_EQ(events_.Next(), "start 0");
  EXPECT_EQ(events_.Next(), "failed 0: exit code 64");
}

TEST_F(SupervisorTest, KillsAWorkerThatDoesNotLeave) {
  const auto supervisor = Start("stubborn");
  EXPECT_EQ(events_.Next(), "start 0");
  EXPECT_EQ(events_.Next(), "ready 0");
  supervisor->Stop(absl::ZeroDuration());
  EXPECT_EQ(events_.Next(), "gone 0: it was stopped");
}

TEST_F(SupervisorTest, KillsAWorkerThatIsFrozenWhileItStarts) {
  const auto supervisor = Start("frozen");
  EXPECT_EQ(events_.Next(), "start 0");
  // It is not stopped at once, and must be found so in two calls running.
  while (events_.empty()) {
    supervisor->KillFrozen(absl::Seconds(5), absl::Seconds(10));
    std::this_thread::yield();
  }
  EXPECT_EQ(events_.Next().rfind("gone 0: it was stopped by a signal for ", 0), 0u);
  clock_.AdvanceToWaiter(absl::Milliseconds(100));
  EXPECT_EQ(events_.Next(), "again 0: stalled");
}

TEST_F(SupervisorTest, StartsAWorkerAgainThatIsReadyButDoesNotAnswer) {
  events_.on_ready = absl::DeadlineExceededError("no model in 10 s");
  const auto supervisor = Start("good");
  EXPECT_EQ(events_.Next(), "start 0");
  EXPECT_EQ(events_.Next(), "ready 0");
  EXPECT_EQ(
      events_.Next(),
      "gone 0: it was ready but did not answer: no model in 10 s (signal 9 (Killed), out of memory perhaps)");
}

TEST(RespawnBackoffTest, DoublesToTenSecondsForAWorkerThatIsNeverReady) {
  RespawnBackoff backoff;
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 9; ++i) {
    delays.push_back(backoff.NextDelay(absl::ZeroDuration()));
  }
  EXPECT_EQ(delays[0], absl::Milliseconds(100));
  EXPECT_EQ(delays[6], absl::Milliseconds(6400));
  EXPECT_EQ(delays[7], absl::Seconds(10));
  EXPECT_EQ(delays[8], absl::Seconds(10));
}

TEST(RespawnBackoffTest, DoublesToASecondForOneThatServedAndStartsOverAfterHealth) {
  RespawnBackoff backoff;
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 6; ++i) {
    delays.push_back(backoff.NextDelay(absl::Seconds(29)));
  }
  EXPECT_EQ(delays[0], absl::Milliseconds(100));
  EXPECT_EQ(delays[3], absl::Milliseconds(800));
  EXPECT_EQ(delays[4], absl::Seconds(1));
  EXPECT_EQ(delays[5], absl::Seconds(1));
  EXPECT_EQ(backoff.NextDelay(absl::Seconds(30)), absl::Milliseconds(100));
}

TEST(PlanWorkersTest, GivesEachClusterAWorkerOnItsCores) {
  const std::vector<CpuCluster> clusters = {{"P0", {0, 2, 1, 3}, 2, CoreKind::kPerformance},
                                            {"E0", {4, 5}, 2, CoreKind::kEfficiency}};
  const std::vector<WorkerSpec> specs = PlanWorkers(clusters, 1, 0, 0);
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].name, "W0");
  EXPECT_EQ(specs[0].cpus, (std::vector<int>{0, 2}));
  EXPECT_EQ(specs[0].kind, CoreKind::kPerformance);
  EXPECT_EQ(specs[1].kind, CoreKind::kEfficiency);
  EXPECT_EQ(specs[1].cluster, "E0");
  EXPECT_EQ(specs[1].threads, 2);
}

TEST(PlanWorkersTest, SharesAClusterOutBetweenItsWorkers) {
  const std::vector<WorkerSpec> specs = PlanWorkers({{"P0", {0, 1, 2}, 3}}, 1, 2, 0);
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].cpus, (std::vector<int>{0}));
  EXPECT_EQ(specs[1].cpus, (std::vector<int>{1, 2}));
  EXPECT_EQ(specs[1].threads, 2);
}

TEST(PlanWorkersTest, GivesEachModelItsWorkersOnAllClusters) {
  const std::vector<WorkerSpec> specs = PlanWorkers({{"P0", {0, 1, 2, 3}, 4}, {"E0", {4, 5}, 2}}, 2, 0, 0);
  ASSERT_EQ(specs.size(), 4u);  // Two of the first model, two of the second.
  EXPECT_EQ(specs[0].cluster + specs[1].cluster + specs[2].cluster + specs[3].cluster, "P0E0P0E0");
  EXPECT_EQ(specs[0].cpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(specs[2].cpus, (std::vector<int>{2, 3}));
  EXPECT_EQ(specs[1].threads, 1);
  EXPECT_EQ(specs[3].name, "W3");
}

TEST(PlanWorkersTest, UsesCoresTwiceWhereThereAreTooFew) {
  const std::vector<WorkerSpec> specs = PlanWorkers({{"P0", {}, 1}}, 1, 3, 0);
  ASSERT_EQ(specs.size(), 3u);
  for (const WorkerSpec& spec : specs) {
    EXPECT_EQ(spec.threads, 1);
    EXPECT_TRUE(spec.cpus.empty());
  }
}

}  // namespace
}  // namespace bitnet

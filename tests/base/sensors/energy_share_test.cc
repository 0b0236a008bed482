#include "base/sensors/energy_share.h"

#include <gtest/gtest.h>

#include "tests/base/fake_root.h"
#include "tests/base/sensors/fake_counter.h"

namespace bitnet {
namespace {

// A chip of two CPUs at 20 W.
class EnergyShareTest : public testing::Test {
 protected:
  // A tenth of a second in which this process, and others, keep so many processors busy.
  void Pass(double own, double others, double watts = 20) {
    const absl::Duration time = absl::Milliseconds(100);
    now_ += time;
    own_ += own * time;
    busy_ = *busy_ + (own + others) * time;
    joules_ = *joules_ + watts * absl::ToDoubleSeconds(time);
  }
  double Read() { return share_->ReadJoules().value(); }

  absl::Duration now_ = absl::Hours(5);
  absl::Duration own_ = absl::Seconds(3);
  std::optional<absl::Duration> busy_ = absl::Hours(2);
  std::optional<double> joules_ = 1000;
  FakeCounter whole_{{"powercap", "package"}, &joules_};
  std::unique_ptr<EnergySource> share_ = MakeEnergyShare(
      &whole_,
      {.now = [this] { return now_; }, .own = [this] { return own_; }, .busy = [this] { return busy_; }});
};

TEST_F(EnergyShareTest, IsCalledAsWhatItIsAShareOf) {
  EXPECT_EQ(share_->label(), (EnergyLabel{"powercap", "package share"}));
  EXPECT_TRUE(IsShare(share_->label()));
  EXPECT_FALSE(IsShare(whole_.label()));
}

TEST_F(EnergyShareTest, IsAllOfItWhereNobodyElseIsBusy) {
  EXPECT_EQ(Read(), 0);
  for (int i = 0; i < 10; ++i) {
    Pass(1, 0);
    Read();
  }
  EXPECT_NEAR(Read(), 20, 1e-9);
}

TEST_F(EnergyShareTest, LeavesToOthersWhatTheyKeepBusy) {
  Read();
  for (int i = 0; i < 10; ++i) {
    Pass(0.5, 1.5);
    Read();
  }
  EXPECT_NEAR(Read(), 5, 1e-9);  // A quarter, from the first step on.
}

TEST_F(EnergyShareTest, FollowsItsOwnClockWithinAWindow) {
  Read();
  for (int i = 0; i < 10; ++i) {
    Pass(0, 1);
    Read();
  }
  const double before = Read();
  EXPECT_EQ(before, 0);
  Pass(1, 1);  // One step, shorter than a window, after a pause.
  EXPECT_NEAR(Read() - before, 1, 1e-9);
}

TEST_F(EnergyShareTest, WaitsForACounterThatMovesSeldom) {
  Read();
  for (int i = 0; i < 9; ++i) {
    Pass(1, 1, 0);
    EXPECT_EQ(Read(), 0);
  }
  Pass(1, 1, 200);
  EXPECT_NEAR(Read(), 10, 1e-9);  // Half of 20 J, for all of the second.
}

TEST_F(EnergyShareTest, IsAbsentWhileTheWholeIs) {
  joules_.reset();
  EXPECT_EQ(share_->ReadJoules(), std::nullopt);
}

TEST(CpuTimeTest, AddsWhatIsNeitherIdleNorStolen) {
  FakeRoot root;
  EXPECT_EQ(FindBusyTime(root.path()), nullptr);
  root.Write("/proc/stat", "cpu  100 20 30 9999 999 4 6 50 7 8\ncpu0 1 2 3 4 5 6 7 8 9 10");
  const BusyTimeReader busy = FindBusyTime(root.path());
  ASSERT_NE(busy, nullptr);
  EXPECT_EQ(busy(), absl::Milliseconds(1600));
  root.Write("/proc/stat", "cpu  200 20 30 9999 999 4 6 50 7 8\ncpu0 1 2 3 4 5 6 7 8 9 10");
  EXPECT_EQ(busy(), absl::Milliseconds(2600));
}

TEST(CpuTimeTest, CountsThisProcess) {
  const absl::Duration before = ReadOwnCpuTime().total;
  EXPECT_GT(before, absl::ZeroDuration());
  while (ReadOwnCpuTime().total == before) {
  }
}

}  // namespace
}  // namespace bitnet

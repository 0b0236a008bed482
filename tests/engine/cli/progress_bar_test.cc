#include "engine/cli/progress_bar.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace bitnet {
namespace {

const absl::Time kStart = absl::UnixEpoch();

// What a bar writes, by way of a pipe.
class ProgressBarTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(ends_), 0);
    ASSERT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~ProgressBarTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  std::string Written() {
    char buffer[4096];
    const ssize_t count = read(ends_[0], buffer, sizeof(buffer));
    return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
  }

  int ends_[2] = {-1, -1};
};

TEST(ProgressBarLineTest, ShowsShareAndSpeed) {
  EXPECT_EQ(ProgressBar::Line("writing", "blk.0", 1'500'000'000, 3'000'000'000, absl::Seconds(1)),
            "writing      [###############...............]  50 %   1.50 GB/s  blk.0");
  EXPECT_EQ(ProgressBar::Line("writing", "", 0, 0, absl::ZeroDuration()),
            "writing      [##############################] 100 %   0.00 GB/s  ");
}

TEST_F(ProgressBarTest, DrawsOverItsLineTenTimesASecond) {
  ProgressBar bar(ends_[1], true);
  bar.Show("writing", "a", 0, 100, kStart);
  EXPECT_EQ(Written().substr(0, 4), "\r\033[K");
  bar.Show("writing", "a", 1, 100, kStart + absl::Milliseconds(50));
  EXPECT_EQ(Written(), "");
  bar.Show("writing", "a", 2, 100, kStart + absl::Milliseconds(100));
  EXPECT_NE(Written(), "");
  bar.Show("writing", "", 100, 100, kStart + absl::Milliseconds(101));
  EXPECT_NE(Written().find("100 %"), std::string::npos);
  bar.Clear();
  EXPECT_EQ(Written(), "\r\033[K");
}

TEST_F(ProgressBarTest, WritesLinesWhereThereIsNoTerminal) {
  ProgressBar bar(ends_[1], false);
  for (int done = 0; done <= 100; done += 5) {
    bar.Show("writing", "a", static_cast<uint64_t>(done), 100, kStart);
  }
  bar.Show("reading back", "a", 55, 100, kStart);
  bar.Clear();
  EXPECT_EQ(
      Written(),
      "writing 10 %\nwriting 20 %\nwriting 30 %\nwriting 40 %\nwriting 50 %\nwriting 60 %\nwriting 70 %\n"
      "writing 80 %\nwriting 90 %\nwriting 100 %\nreading back 50 %\n");
}

}  // namespace
}  // namespace bitnet

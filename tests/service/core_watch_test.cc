#include "service/router/core_watch.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

worker::v1::WorkerStatus Used(double seconds, std::optional<double> on_performance_cores) {
  worker::v1::WorkerStatus status;
  status.set_cpu_seconds(seconds);
  if (on_performance_cores.has_value()) {
    status.set_performance_cpu_seconds(*on_performance_cores);
  }
  return status;
}

TEST(CoreWatchTest, SaysOnceThatPerformanceCoresAreKeptAway) {
  CoreWatch watch;
  EXPECT_EQ(watch.Observe(Used(19, 0)), std::nullopt);
  const std::optional<std::string> said = watch.Observe(Used(21, 0.25));
  ASSERT_TRUE(said.has_value());
  EXPECT_NE(said->find("0.2 of 21.0 s"), std::string::npos) << *said;
  EXPECT_NE(said->find("ProcessType"), std::string::npos) << *said;
  EXPECT_EQ(watch.Observe(Used(40, 0.25)), std::nullopt);
}

TEST(CoreWatchTest, SaysNothingWhereTheyAreUsedOrNotTold) {
  EXPECT_EQ(CoreWatch().Observe(Used(21, 20)), std::nullopt);
  EXPECT_EQ(CoreWatch().Observe(Used(21, 2)), std::nullopt);
  EXPECT_EQ(CoreWatch().Observe(Used(21, std::nullopt)), std::nullopt);
  EXPECT_EQ(CoreWatch().Observe(Used(0, 0)), std::nullopt);
}

}  // namespace
}  // namespace bitnet

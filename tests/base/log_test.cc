#include "base/log.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(SetUpLoggingTest, RefusesUnknownLevelsAndNamesTheKnownOnes) {
  const absl::Status status = SetUpLogging("test", "loud");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "log level \"loud\": wanted trace, debug, info, warning, error or off");
}

TEST(SetUpLoggingTest, AcceptsEveryLevelItNames) {
  for (const char* level : {"trace", "debug", "info", "warning", "error", "off"}) {
    EXPECT_TRUE(SetUpLogging("test", level).ok()) << level;
  }
}

}  // namespace
}  // namespace bitnet

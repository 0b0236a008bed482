#include "service/supervisor/worker_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bitnet {
namespace {

// What follows `flag`; "" if it is not there.
std::string ValueOf(const std::vector<std::string>& command, const std::string& flag) {
  const auto at = std::ranges::find(command, flag);
  return at == command.end() || at + 1 == command.end() ? "" : at[1];
}

TEST(WorkerCommandTest, LeavesWhatWasNotSaidToTheWorker) {
  const auto command = WorkerCommand({.worker_binary = "bitnet-worker"}, {.name = "W0", .threads = 3}, "/s");
  EXPECT_EQ(command[0], "bitnet-worker");
  EXPECT_EQ(ValueOf(command, "--socket"), "/s");
  EXPECT_EQ(ValueOf(command, "--threads"), "3");
  for (const char* flag : {"--chunk-size", "--speculate", "--max-sequences", "--kv-cache-tokens", "--isa"}) {
    EXPECT_EQ(std::ranges::count(command, flag), 0) << flag;
  }
}

TEST(WorkerCommandTest, PassesOnWhatWasSaid) {
  const auto command = WorkerCommand({.chunk_size = 64, .speculate = "off"}, {.name = "W0"}, "/s");
  EXPECT_EQ(ValueOf(command, "--chunk-size"), "64");
  EXPECT_EQ(ValueOf(command, "--speculate"), "off");
}

}  // namespace
}  // namespace bitnet

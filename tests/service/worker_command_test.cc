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
  ServiceOptions options;
  options.worker_binary = "bitnet-worker";
  const auto command = WorkerCommand(options, {.name = "m", .path = "m.gguf", .adapters = {"a=b"}},
                                     {.name = "W0", .cluster = "P0", .threads = 3}, "/s");
  EXPECT_EQ(command[0], "bitnet-worker");
  EXPECT_EQ(ValueOf(command, "--socket"), "/s");
  EXPECT_EQ(ValueOf(command, "--threads"), "3");
  EXPECT_EQ(ValueOf(command, "--model"), "m.gguf");
  EXPECT_EQ(ValueOf(command, "--adapter"), "a=b");
  for (const char* flag : {"--chunk-size", "--speculate", "--max-sequences", "--kv-cache-tokens", "--isa",
                           "--kv-type", "--head", "--step-ms", "--prefix-cache", "--sparsity", "--use-metal",
                           "--lock-memory", "--no-sandbox", "--cpus", "--core-kind"}) {
    EXPECT_EQ(std::ranges::count(command, flag), 0) << flag;
  }
}

TEST(WorkerCommandTest, PassesOnWhatWasSaid) {
  ServiceOptions options;
  options.chunk_size = 64;
  options.speculate = "off";
  options.kv_type = "int8";
  options.head = "file";
  options.step_ms = 50;
  options.prefix_cache = "off";
  options.sparsity = "on";
  options.lock_memory = true;
  options.use_metal = "hybrid";
  options.no_sandbox = true;
  options.powermetrics_file = "/p";
  options.sensor_root = "/r";
  const auto command = WorkerCommand(options, {.name = "m", .path = "m.gguf", .adapters = {"a=b"}},
                                     {.name = "W0", .cluster = "P0"}, "/s");
  EXPECT_EQ(ValueOf(command, "--chunk-size"), "64");
  EXPECT_EQ(ValueOf(command, "--speculate"), "off");
  EXPECT_EQ(ValueOf(command, "--kv-type"), "int8");
  EXPECT_EQ(ValueOf(command, "--head"), "file");
  EXPECT_EQ(ValueOf(command, "--step-ms"), "50");
  EXPECT_EQ(ValueOf(command, "--prefix-cache"), "off");
  EXPECT_EQ(ValueOf(command, "--sparsity"), "on");
  EXPECT_EQ(ValueOf(command, "--use-metal"), "hybrid");
  EXPECT_EQ(ValueOf(command, "--powermetrics-file"), "/p");
  EXPECT_EQ(ValueOf(command, "--sensor-root"), "/r");
  EXPECT_EQ(std::ranges::count(command, "--no-sandbox"), 1);
  EXPECT_EQ(std::ranges::count(command, "--lock-memory"), 1);
}

TEST(WorkerCommandTest, TellsWhichCoresAreMeant) {
  const auto command = [](CoreKind kind) {
    return WorkerCommand({}, {}, {.name = "W0", .cluster = "E0", .kind = kind, .cpus = {4, 6}}, "/s");
  };
  EXPECT_EQ(ValueOf(command(CoreKind::kEfficiency), "--core-kind"), "efficiency");
  EXPECT_EQ(ValueOf(command(CoreKind::kPerformance), "--core-kind"), "performance");
  EXPECT_EQ(ValueOf(command(CoreKind::kPerformance), "--cpus"), "4,6");
}

}  // namespace
}  // namespace bitnet

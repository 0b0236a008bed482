#include "service/fleet/agent_weight.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "boost/asio/ip/tcp.hpp"
#include "service/fleet/agent_server.h"

namespace bitnet {
namespace {

AgentLoad HalfUsed() { return {.kv_blocks = 100, .kv_blocks_free = 50, .running = 8, .waiting = 8}; }

TEST(AgentWeightTest, IsFullForAnIdleFrontAndUpToHalfOfEverything) {
  EXPECT_EQ(AgentWeight({}), 100);
  AgentLoad load = HalfUsed();
  load.queued = 128;
  load.max_queued = 256;
  EXPECT_EQ(AgentWeight(load), 100);
}

TEST(AgentWeightTest, FallsWithTheScarcestOfCacheSlotsAndQueue) {
  AgentLoad cache = HalfUsed();
  cache.kv_blocks_free = 25;
  EXPECT_EQ(AgentWeight(cache), 60);  // 55, in tens.
  AgentLoad slots = HalfUsed();
  slots.waiting = 24;
  EXPECT_EQ(AgentWeight(slots), 60);
  EXPECT_EQ(AgentWeight({.queued = 3, .max_queued = 4}), 60);
  slots.kv_blocks_free = 0;
  EXPECT_EQ(AgentWeight(slots), 10);
}

TEST(AgentWeightTest, TakesRequestsThatHaveJustComeForNoQueue) {
  EXPECT_EQ(AgentWeight({.running = 0, .waiting = 3}), 100);
}

TEST(AgentWeightTest, FallsWithTheHeatOfTheMachine) {
  EXPECT_EQ(AgentWeight({.heat_weight = 0.8}), 80);
  EXPECT_EQ(AgentWeight({.heat_weight = 0.5}), 50);
  EXPECT_EQ(AgentWeight({.limit_percent = 50, .heat_weight = 0.2}), 10);
  EXPECT_EQ(AgentWeight({.kv_blocks = 100, .kv_blocks_free = 0, .heat_weight = 0.2}), 10);
  AgentLoad load;
  const WorkerPool::View views[] = {
      {.name = "W0", .up = true, .weight = 0.2, .status = worker::v1::WorkerStatus()},
      {.name = "W1", .up = true, .weight = 1, .status = worker::v1::WorkerStatus()},
      {.name = "W2", .up = false, .weight = 0.2}};
  AddWorkers(views, load);
  EXPECT_DOUBLE_EQ(load.heat_weight, 0.6);
}

TEST(AgentWeightTest, NeverRisesWithLoadAndMovesInTens) {
  int last = 100;
  for (int64_t used = 0; used <= 100; ++used) {
    const int weight = AgentWeight({.kv_blocks = 100, .kv_blocks_free = 100 - used});
    EXPECT_LE(weight, last);
    EXPECT_EQ(weight % 10, 0);
    last = weight;
  }
  EXPECT_EQ(last, 10);
}

TEST(AgentWeightTest, IsScaledByTheOperatorAndZeroOnlyForZero) {
  AgentLoad load = HalfUsed();
  load.limit_percent = 40;
  EXPECT_EQ(AgentWeight(load), 40);
  load.kv_blocks_free = 25;
  EXPECT_EQ(AgentWeight(load), 24);
  load.limit_percent = 1;
  load.kv_blocks_free = 0;
  EXPECT_EQ(AgentWeight(load), 1);
  load.limit_percent = 0;
  EXPECT_EQ(AgentWeight(load), 0);
}

TEST(AgentWeightTest, AddsUpTheWorkersThatAreUp) {
  std::vector<WorkerPool::View> workers = {
      {.name = "W0", .up = true}, {.name = "W1", .up = true}, {.name = "W2"}};
  workers[0].status.emplace().set_kv_blocks(10);
  workers[0].status->set_kv_blocks_free(4);
  workers[2].status.emplace().set_kv_blocks(10);
  AgentLoad load;
  AddWorkers(workers, load);
  EXPECT_EQ(load.kv_blocks, 10);
  EXPECT_EQ(load.kv_blocks_free, 4);
}

TEST(AgentAnswerTest, IsAWeightOrTheReasonForBeingDown) {
  EXPECT_EQ(AgentAnswer({}), "up 100%\n");
  EXPECT_EQ(AgentAnswer({.limit_percent = 0}), "up 0%\n");
  EXPECT_EQ(AgentAnswer({.not_ready = "worker W0 is\nstarting"}), "down #worker W0 is starting\n");
}

TEST(AgentAnswerTest, IsADrainAndNoFailureOnceTheFrontStops) {
  EXPECT_EQ(AgentAnswer({.draining = true}), "up 0%\n");
  EXPECT_EQ(AgentAnswer({.draining = true, .not_ready = "no worker"}), "up 0%\n");
}

TEST(AgentServerTest, TellsItsLineAndCloses) {
  int asked = 0;
  const auto server =
      AgentServer::Start("127.0.0.1:0", [&asked] { return asked++ == 0 ? "one\n" : "two\n"; });
  ASSERT_TRUE(server.ok()) << server.status();
  for (const std::string expected : {"one\n", "two\n"}) {
    boost::asio::ip::tcp::iostream stream;
    stream.connect("127.0.0.1", (*server)->address().substr((*server)->address().rfind(':') + 1));
    stream << "what is sent is ignored\n" << std::flush;
    std::ostringstream answer;
    answer << stream.rdbuf();
    EXPECT_EQ(answer.str(), expected);
  }
}

TEST(AgentServerTest, SaysWhichFlagNamesAnotherAddress) {
  const auto first = AgentServer::Start("127.0.0.1:0", [] { return ""; });
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = AgentServer::Start((*first)->address(), [] { return ""; });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find("--agent-listen"), std::string::npos) << second.status();
}

}  // namespace
}  // namespace bitnet

// What becomes of an answer whose worker is lost.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "service/rpc/failover_policy.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

TEST(FailoverPolicyTest, TriesAgainAtOnceAndThenAfterGrowingDelays) {
  FailoverPolicy policy;
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(policy.OnLoss(false), FailoverPolicy::Verdict::kTryAgain);
    delays.push_back(policy.delay());
  }
  EXPECT_EQ(delays[0], absl::ZeroDuration());
  EXPECT_EQ(delays[1], absl::Milliseconds(25));
  EXPECT_EQ(delays[2], absl::Milliseconds(50));
  EXPECT_EQ(delays[8], absl::Seconds(1));
  EXPECT_EQ(policy.OnLoss(false), FailoverPolicy::Verdict::kTooManyLosses);
}

TEST(FailoverPolicyTest, BlamesTheRequestForTheThirdWorkerThatEndedWhileComputingIt) {
  FailoverPolicy policy;
  EXPECT_EQ(policy.OnLoss(true), FailoverPolicy::Verdict::kTryAgain);
  EXPECT_EQ(policy.OnLoss(false), FailoverPolicy::Verdict::kTryAgain);
  EXPECT_FALSE(policy.suspect());
  EXPECT_EQ(policy.OnLoss(true), FailoverPolicy::Verdict::kTryAgain);
  EXPECT_TRUE(policy.suspect());
  EXPECT_EQ(policy.OnLoss(true), FailoverPolicy::Verdict::kKillsWorkers);
}

TEST(FailoverPolicyTest, ForgetsLossesWhenAnAnswerGetsOn) {
  FailoverPolicy policy;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(policy.OnLoss(true), FailoverPolicy::Verdict::kTryAgain);
    EXPECT_EQ(policy.OnLoss(true), FailoverPolicy::Verdict::kTryAgain);
    policy.OnProgress();
  }
}

class FailoverTest : public FrontTest {
 protected:
  void StartTwo(const std::string& model = "good") {
    options_.num_workers = 2;
    StartFront(model);
    ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  }
};

TEST_F(FailoverTest, GoesOnWithAnotherWorker) {
  StartTwo();
  const Answer answer = Generate("say:a|b;on:1:die;say:c|d");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "abcd");
  EXPECT_EQ(answer.num_tokens(), 4u);
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 4u);
  EXPECT_EQ(answer.finished().usage().attempts(), 2u);
  EXPECT_GT(answer.finished().usage().paused_seconds(), 0);
  uint32_t next = 0;
  for (const auto& event : answer.events) {
    for (const v1::Token& token : event.delta().tokens()) EXPECT_EQ(token.index(), next++);
  }
}

TEST_F(FailoverTest, AddsTheEnergyOfAllAttemptsUp) {
  StartTwo();
  const Answer answer = GenerateInTwo("on:1:joules:2.5;say:a|b", 2, "on:1:leave;on:2:joules:4;say:c|d");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.finished().usage().attempts(), 2u);
  const v1::Energy& energy = answer.finished().usage().energy();
  EXPECT_DOUBLE_EQ(energy.joules(), 6.5);
  EXPECT_EQ(energy.source(), "fake");
  EXPECT_EQ(energy.scope(), "package");
}

TEST_F(FailoverTest, KeepsTheEnergyOfALostWorkerWhereTheNextCountsNone) {
  StartTwo();
  const Answer answer = GenerateInTwo("on:1:joules:2.5;say:a|b", 2, "on:1:leave;say:c|d");
  EXPECT_DOUBLE_EQ(answer.finished().usage().energy().joules(), 2.5);
}

TEST_F(FailoverTest, TellsOfNoEnergyWhereNoneIsCounted) {
  StartReady();
  EXPECT_FALSE(Generate("say:a|b").finished().usage().has_energy());
}

TEST_F(FailoverTest, TellsOfTheEnergyUpToAStopString) {
  StartReady();
  v1::GenerateRequest request = Prompt("joules:3;say:ab|cd;joules:5;say:ef");
  request.add_stop("cd");
  const Answer answer = Generate(request);
  EXPECT_DOUBLE_EQ(answer.finished().usage().energy().joules(), 3);
}

TEST_F(FailoverTest, WaitsForTheOnlyWorkerToComeBack) {
  StartReady();
  const Answer answer = Generate("say:a;on:1:die;say:b;on:2:die;say:c");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "abc");
  EXPECT_GE(answer.finished().usage().attempts(), 3u);
}

TEST_F(FailoverTest, GoesOnAfterTokensThatCameTogether) {
  StartTwo();
  const Answer answer = Generate("burst:a|b|c;on:1:die;burst:d|e");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "abcde");
  EXPECT_EQ(answer.num_tokens(), 5u);
}

TEST_F(FailoverTest, KeepsCharactersAndStopStringsThatWorkersCutInTwo) {
  StartTwo();
  v1::GenerateRequest request =
      Prompt(R"(say:\xf0\x9f;on:1:die;say:\x98\x80 wo;on:2:die;say:rl|d and|;hang)");
  request.add_stop("world");
  const Answer answer = Generate(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "\xf0\x9f\x98\x80 ");
  EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_STOP_STRING);
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 4u);
}

// https://github.com/ai-dynamo/dynamo/pull/8182
TEST_F(FailoverTest, TriesAgainWhatHadNoTokenYet) {
  StartTwo();
  const Answer answer = Generate("on:1:die;say:a");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "a");
  EXPECT_TRUE(answer.events.front().has_started());
}

TEST_F(FailoverTest, EndsARequestThatKillsWorkers) {
  StartTwo();
  const Answer answer = Generate("say:a;die");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_NE(
      answer.status.error_message().find("3 workers ended while they computed this request after 1 tokens"),
      std::string::npos)
      << answer.status.error_message();
  EXPECT_EQ(Generate("say:x").text(), "x");
}

TEST_F(FailoverTest, DoesNotEndRequestsBesideOneThatKillsWorkers) {
  options_.step_limit = absl::Milliseconds(200);
  options_.poll_interval = absl::Milliseconds(20);
  StartReady();
  constexpr int kInnocent = 8;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<Reader> readers;
  for (int i = 0; i < kInnocent; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub_->Generate(contexts.back().get(), Prompt("on:1:hang;on:2:hang;say:b")));
  }
  EXPECT_EQ(Generate("die").status.error_code(), grpc::StatusCode::INTERNAL);
  for (Reader& reader : readers) {
    const Answer answer = ReadAll(std::move(reader));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.text(), "b");
  }
}

TEST_F(FailoverTest, DoesNotBlameARequestThatOnlyWaitedBesideOthers) {
  StartTwo();
  const Answer answer = Generate("unadmitted;on:1:die;on:2:die;on:3:die;on:4:die;say:a");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "a");
}

TEST_F(FailoverTest, GoesOnWhereAWorkersQueueIsFull) {
  StartTwo();
  const Answer answer = Generate("say:a;on:1:die;on:2:fail:8:too many wait;say:b");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
}

TEST_F(FailoverTest, EndsWhenNoWorkerComesInTime) {
  options_.failover_time = absl::Milliseconds(1);  // A worker takes longer than that to start.
  StartReady();
  const Answer answer = Generate("say:a;die");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(answer.status.error_message().find("none could go on within 1ms"), std::string::npos)
      << answer.status.error_message();
}

TEST_F(FailoverTest, EndsWaitingAtTheClientsDeadlineAndAtItsCancellation) {
  StartReady();
  for (int i = 0; i < 5; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    const Answer answer = ReadAll(stub_->Generate(&context, Prompt("say:a;on:1:die;hang")));
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  grpc::ClientContext context;
  Reader reader = stub_->Generate(&context, Prompt("say:a;on:1:die;hang"));
  context.TryCancel();
  EXPECT_EQ(ReadAll(std::move(reader)).status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Generate("say:x").text(), "x");
}

// https://github.com/ai-dynamo/dynamo/issues/2152
TEST_F(FailoverTest, CarriesACancellationToTheWorkerThatWentOn) {
  StartReady();
  grpc::ClientContext context;
  Reader reader = stub_->Generate(&context, Prompt("say:a;on:1:die;say:b;hang"));
  std::string text;
  for (v1::GenerateResponse event; text != "ab" && reader->Read(&event);) {
    text += event.delta().text();
  }
  context.TryCancel();
  EXPECT_EQ(ReadAll(std::move(reader)).status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
}

TEST_F(FailoverTest, TakesRequestsWhileItsWorkerIsStartedAgain) {
  StartReady();
  Generate("say:a;on:1:die");
  const Answer answer = Generate("say:x");
  EXPECT_EQ(answer.text(), "x");
}

// https://github.com/ai-dynamo/dynamo/issues/13095
TEST_F(FailoverTest, GoesOnElsewhereWhenAWorkerIsFrozen) {
  options_.stall_time = absl::Milliseconds(200);
  options_.poll_interval = absl::Milliseconds(20);
  StartTwo();
  const Answer answer = Generate("say:a;on:1:freeze;say:b");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_EQ(answer.finished().usage().attempts(), 2u);
  EXPECT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
}

// https://github.com/vllm-project/vllm/issues/39863
TEST_F(FailoverTest, GoesOnElsewhereWhenAWorkersStepDoesNotEnd) {
  options_.step_limit = absl::Milliseconds(100);
  options_.poll_interval = absl::Milliseconds(20);
  StartTwo();
  const Answer answer = Generate("say:a;on:1:hang;say:b");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
}

// https://github.com/ai-dynamo/dynamo/pull/13952
TEST_F(FailoverTest, GoesOnElsewhereWhenAWorkerIsToldToLeave) {
  options_.poll_interval = absl::Milliseconds(20);
  StartTwo("lingers");
  const Answer answer = Generate("say:a;on:1:leave;say:b");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
}

TEST_F(FailoverTest, RestartsWorkersOneByOneAndLosesNothing) {
  options_.poll_interval = absl::Milliseconds(20);
  StartTwo("lingers");
  const auto before = front_->pool().Links();
  grpc::ClientContext context;
  // Wherever it runs, it moves: an attempt ends with its worker's restart only.
  Reader reader = stub_->Generate(&context, Prompt("say:a;on:1:hang;say:b"));
  v1::GenerateResponse event;
  ASSERT_TRUE(reader->Read(&event));
  front_->RestartWorkers();
  Answer answer = ReadAll(std::move(reader));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
  for (const auto& link : before) {
    EXPECT_TRUE(front_->pool().AwaitSuccessor(*link, absl::Now() + kLong));
  }
}

TEST_F(FailoverTest, RestartsTheOnlyWorkerAndLetsRequestsWait) {
  StartReady("lingers");
  const auto before = front_->pool().Links();
  front_->RestartWorkers();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(Generate("say:x").text(), "x");
  }
  EXPECT_TRUE(front_->pool().AwaitSuccessor(*before[0], absl::Now() + kLong));
}

TEST_F(FailoverTest, StopsInTheMiddleOfARestart) {
  StartReady("stubborn");
  front_->RestartWorkers();
  front_->Stop();
  EXPECT_TRUE(AwaitEnd().ok());
}

}  // namespace
}  // namespace bitnet

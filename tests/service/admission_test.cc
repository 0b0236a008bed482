#include "service/admission/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/google/rpc/error_details.pb.h"
#include "service/admission/deadline_check.h"
#include "service/errors/detail_payload.h"
#include "service/errors/error_details.h"
#include "service/router/prefill_speed.h"
#include "service/security/client_name.h"
#include "tests/service/fake_clock.h"

namespace bitnet {
namespace {

class AdmissionTest : public testing::Test {
 protected:
  Admission::Place Enter(Admission& admission, const std::string& client, int64_t tokens = 0) {
    absl::StatusOr<Admission::Place> place = admission.Enter(client);
    EXPECT_TRUE(place.ok()) << place.status();
    EXPECT_TRUE(place->Charge(tokens).ok());
    return *std::move(place);
  }
  // One request of `tokens` gets its turn after it waited `time`.
  void Serve(Admission& admission, int64_t tokens, absl::Duration time) {
    Admission::Place place = Enter(admission, "served", tokens);
    clock_.Advance(time);
    place.Begin();
  }
  static void ExpectDelay(const absl::Status& status, absl::Duration wanted) {
    ASSERT_TRUE(RetryDelayOf(status).has_value()) << status;
    EXPECT_GE(*RetryDelayOf(status), (1 - RetryPacer::kJitter) * wanted) << status;
    EXPECT_LE(*RetryDelayOf(status), (1 + RetryPacer::kJitter) * wanted) << status;
  }

  FakeClock clock_;
};

TEST_F(AdmissionTest, RefusesMoreThanItsBoundUntilAPlaceIsGivenBack) {
  Admission admission({.requests = 1}, &clock_);
  {
    const Admission::Place first = Enter(admission, "a");
    EXPECT_EQ(admission.waiting(), 1);
    const absl::Status status = admission.Enter("b").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(std::string(status.message()).substr(0, 82),
              "1 requests wait already, this would be 1 more, and at most 1 may (--max-waiting); ");
    EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(status)->reason(), "QUEUE_FULL");
    EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(status)->metadata().at("limit"), "1");
    EXPECT_EQ(GetDetail<google::rpc::QuotaFailure>(status)->violations(0).subject(), "server");
  }
  EXPECT_TRUE(admission.Enter("b").ok());
  EXPECT_EQ(admission.waiting(), 0);
}

TEST_F(AdmissionTest, CountsAsManyRequestsAsOneIsWorth) {
  Admission admission({.requests = 20}, &clock_);
  {
    const absl::StatusOr<Admission::Place> sixteen = admission.Enter("a", 16);
    ASSERT_TRUE(sixteen.ok());
    EXPECT_EQ(admission.waiting(), 16);
    EXPECT_EQ(admission.Enter("b", 5).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(admission.Enter("b", 4).ok());
  }
  EXPECT_EQ(admission.waiting(), 0);
}

TEST_F(AdmissionTest, BoundsTheRequestsOfOneClientAndLeavesRoomForOthers) {
  Admission admission({.requests = 3, .requests_per_client = 1}, &clock_);
  Admission::Place first = Enter(admission, "web");
  const absl::Status status = admission.Enter("web").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("1 requests of web wait already"), absl::string_view::npos) << status;
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(status)->reason(), "CLIENT_QUEUE_FULL");
  EXPECT_EQ(GetDetail<google::rpc::QuotaFailure>(status)->violations(0).subject(), "client:web");
  const Admission::Place other = Enter(admission, "ops");
  first.Begin();
  EXPECT_TRUE(admission.Enter("web").ok());
}

TEST_F(AdmissionTest, TakesLessWhileTheMachineIsWarm) {
  Admission admission({.requests = 4, .tokens = 1000, .requests_per_client = 3}, &clock_);
  std::vector<Admission::Place> places;
  places.push_back(Enter(admission, "a", 400));
  admission.SetShare(0.5);
  EXPECT_EQ(admission.limits().requests, 2);
  EXPECT_EQ(admission.limits().requests_per_client, 1);
  EXPECT_NE(admission.Enter("a").status().message().find("at most 1 may while the machine is warm"),
            absl::string_view::npos);
  {
    absl::StatusOr<Admission::Place> second = admission.Enter("b");
    ASSERT_TRUE(second.ok());
    EXPECT_FALSE(second->Charge(101).ok());
    EXPECT_TRUE(second->Charge(100).ok());
    EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(admission.Enter("c").status())->reason(), "QUEUE_FULL");
  }
  admission.SetShare(1);
  for (const char* client : {"a", "b", "c"}) places.push_back(Enter(admission, client));
  EXPECT_EQ(admission.waiting(), 4);
}

TEST_F(AdmissionTest, ExpectsToWaitLongerWhileTheMachineIsWarm) {
  Admission admission({}, &clock_);
  Serve(admission, 100, absl::Seconds(1));
  const Admission::Place place = Enter(admission, "a", 200);
  EXPECT_EQ(admission.ExpectedWait(), absl::Seconds(2));
  admission.SetShare(0.2);
  EXPECT_EQ(admission.ExpectedWait(), absl::Seconds(10));
}

TEST_F(AdmissionTest, BoundsTokensButNotThoseOfOneThatWaitsForNobody) {
  Admission admission({.tokens = 100, .tokens_per_client = 60}, &clock_);
  {
    const Admission::Place large = Enter(admission, "a", 1000);
    absl::StatusOr<Admission::Place> next = admission.Enter("b");
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(next->Charge(1))->reason(), "QUEUE_FULL");
  }
  EXPECT_EQ(admission.waiting_tokens(), 0);
  const Admission::Place first = Enter(admission, "a", 50);
  absl::StatusOr<Admission::Place> own = admission.Enter("a");
  const absl::Status status = own->Charge(20);
  EXPECT_NE(status.message().find("50 tokens of a wait already, this would be 20 more, and at most 60 may"),
            absl::string_view::npos)
      << status;
  EXPECT_TRUE(own->Charge(10).ok());
  EXPECT_EQ(admission.waiting_tokens(), 60);
}

TEST_F(AdmissionTest, TellsWhenToComeBackByHowFastTheQueueMoves) {
  Admission admission({.requests = 1, .tokens = 1000}, &clock_);
  const auto refuse = [&] {
    const Admission::Place place = Enter(admission, "a");
    return admission.Enter("b").status();
  };
  ExpectDelay(refuse(), absl::Seconds(1));  // Nothing is known yet.
  clock_.Advance(absl::Minutes(5));         // Without a queue: tells nothing.
  Serve(admission, 100, absl::Seconds(4));
  ExpectDelay(refuse(), absl::Seconds(4));
  clock_.Advance(absl::Minutes(5));
  for (int i = 0; i < 400; ++i) Serve(admission, 100, absl::Milliseconds(500));
  ExpectDelay(refuse(), absl::Milliseconds(500));
}

TEST_F(AdmissionTest, TellsWhenThereIsRoomForSoManyTokens) {
  Admission admission({.tokens = 1000}, &clock_);
  Serve(admission, 100, absl::Seconds(2));
  const Admission::Place first = Enter(admission, "a", 900);
  absl::StatusOr<Admission::Place> next = admission.Enter("b");
  ExpectDelay(next->Charge(300), absl::Seconds(4));  // 200 too many, at 50 a second.
}

TEST_F(AdmissionTest, SpreadsThoseThatItRefuses) {
  Admission admission({.requests = 1}, &clock_);
  Serve(admission, 100, absl::Seconds(2));
  Admission::Place place = Enter(admission, "a");
  for (int i = 1; i <= 5; ++i) ExpectDelay(admission.Enter("b").status(), i * absl::Seconds(2));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(admission.Enter("b").ok());
  ExpectDelay(admission.Enter("b").status(), RetryPacer::kLongest);
  place.Release();
  clock_.Advance(absl::Hours(1));
  place = Enter(admission, "a");
  ExpectDelay(admission.Enter("b").status(), absl::Seconds(2));
}

TEST_F(AdmissionTest, AddsADelayToWhatOthersRefused) {
  Admission admission({}, &clock_);
  ExpectDelay(admission.WithRetry(absl::ResourceExhaustedError("a worker's queue")), absl::Seconds(1));
  const absl::Status told = WithRetryDelay(absl::ResourceExhaustedError("x"), absl::Seconds(9));
  EXPECT_EQ(admission.WithRetry(told), told);
  EXPECT_FALSE(RetryDelayOf(admission.WithRetry(absl::NotFoundError("x"))).has_value());
}

TEST_F(AdmissionTest, ExpectsToWaitAsLongAsTheTokensBeforeTake) {
  Admission admission({}, &clock_);
  {
    const Admission::Place unmeasured = Enter(admission, "a", 100);
    EXPECT_EQ(admission.ExpectedWait(), absl::ZeroDuration());
  }
  Serve(admission, 100, absl::Seconds(2));
  EXPECT_EQ(admission.ExpectedWait(), absl::ZeroDuration());
  const Admission::Place place = Enter(admission, "a", 500);
  EXPECT_NEAR(absl::ToDoubleSeconds(admission.ExpectedWait()), 10, 0.01);
}

TEST(CheckDeadlineTest, RefusesWhatCannotBeDoneInTimeAndSaysWhy) {
  const absl::Status status = CheckDeadline(absl::Milliseconds(200), absl::Seconds(1.1), absl::Seconds(2.3));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(
      status.message(),
      "the deadline leaves 0.2 s, and the first token is expected in 3.4 s: 1.1 s in the queue and 2.3 s "
      "for the prompt; nothing was computed");
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(status)->reason(), "DEADLINE_OUT_OF_REACH");
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(status)->metadata().at("expected_seconds"), "3.4");
}

TEST(CheckDeadlineTest, RefusesNothingThatMayBeInTimeOrOnAGuess) {
  EXPECT_TRUE(CheckDeadline(absl::Seconds(3), absl::Seconds(1), absl::Seconds(2)).ok());
  EXPECT_TRUE(CheckDeadline(absl::Seconds(3), absl::Hours(1), std::nullopt).ok());
  EXPECT_TRUE(CheckDeadline(absl::InfiniteDuration(), absl::Hours(1), absl::Hours(1)).ok());
}

TEST(PrefillSpeedTest, LearnsFromLongPromptsAndForgetsOldOnes) {
  PrefillSpeed speed;
  EXPECT_EQ(speed.tokens_per_second(), 0);
  speed.Learn(2, absl::Seconds(1));
  speed.Learn(1000, absl::ZeroDuration());
  EXPECT_EQ(speed.tokens_per_second(), 0) << "learnt of what tells nothing";
  speed.Learn(1000, absl::Seconds(1));
  EXPECT_NEAR(speed.tokens_per_second(), 1000, 1);
  for (int i = 0; i < 30; ++i) speed.Learn(1000, absl::Seconds(10));
  EXPECT_NEAR(speed.tokens_per_second(), 100, 1);
}

TEST(ClientNameTest, IsTheCallersOrElseItsMachines) {
  EXPECT_EQ(ClientName("web", "ipv4:10.0.0.5:41234"), "web");
  EXPECT_EQ(ClientName("", "ipv4:10.0.0.5:41234"), "ipv4:10.0.0.5");
  EXPECT_EQ(ClientName("", "ipv6:%5B::1%5D:41234"), "ipv6:%5B::1%5D");
  EXPECT_EQ(ClientName("", "unix:/run/front.sock"), "unix:/run/front.sock");
}

}  // namespace
}  // namespace bitnet

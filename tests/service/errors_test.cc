#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/google/rpc/error_details.pb.h"
#include "service/errors/detail_payload.h"
#include "service/errors/error_details.h"
#include "service/errors/field_violations.h"
#include "service/rpc/worker_failure.h"

namespace bitnet {
namespace {

TEST(ErrorDetailsTest, AreSpelledAsGoogleapisDoes) {
  EXPECT_EQ(DetailTypeUrl<google::rpc::RetryInfo>(), "type.googleapis.com/google.rpc.RetryInfo");
  // From googleapis' error_details.proto, by hand: field 1 of RetryInfo is a Duration, whose fields 1 and 2
  // are seconds and nanoseconds.
  const absl::Status status = WithRetryDelay(absl::UnavailableError("x"), absl::Milliseconds(2001));
  EXPECT_EQ(std::string(*status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")),
            "\x0a\x06\x08\x02\x10\xc0\x84\x3d");
}

TEST(ErrorDetailsTest, TellReasonQuotaDelayAndRequest) {
  absl::Status status = WithReason(absl::ResourceExhaustedError("x"), "FULL", {{"limit", "3"}});
  status = WithRequestId(WithQuotaFailure(WithRetryDelay(status, absl::Seconds(2)), "client:web", "3"), "r1");
  EXPECT_EQ(RetryDelayOf(status), absl::Seconds(2));
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "FULL");
  EXPECT_EQ(info->domain(), "bitnet.v1");
  EXPECT_EQ(info->metadata().at("limit"), "3");
  EXPECT_EQ(GetDetail<google::rpc::QuotaFailure>(status)->violations(0).subject(), "client:web");
  EXPECT_EQ(GetDetail<google::rpc::RequestInfo>(status)->request_id(), "r1");
}

TEST(ErrorDetailsTest, AreNotThereWhereTheyWereNotTold) {
  EXPECT_EQ(RetryDelayOf(absl::UnavailableError("x")), std::nullopt);
  EXPECT_TRUE(WithRequestId(absl::OkStatus(), "r1").ok());
}

TEST(FieldViolationsTest, SayTheFirstInTheMessageAndAllInTheDetails) {
  FieldViolations violations;
  EXPECT_TRUE(violations.status().ok());
  for (int i = 0; i < 100; ++i) violations.Add(absl::StrCat("stop[", i, "]"), "is empty");
  const absl::Status status = violations.status();
  EXPECT_EQ(status, [] {  // Equal with its details.
    FieldViolations same;
    for (int i = 0; i < FieldViolations::kMost; ++i) same.Add(absl::StrCat("stop[", i, "]"), "is empty");
    return same.status();
  }());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "stop[0] is empty");
  EXPECT_EQ(GetDetail<google::rpc::BadRequest>(status)->field_violations(1).field(), "stop[1]");
}

TEST(WorkerVerdictTest, NamesTheConstraintThatAWorkerRefuses) {
  v1::GenerateRequest request;
  request.set_regex("(");
  const grpc::Status refused(grpc::StatusCode::INVALID_ARGUMENT, "regex: at 1: ')' was wanted");
  const absl::Status status = WorkerVerdict(request, refused);
  EXPECT_EQ(status.message(), refused.error_message());
  EXPECT_EQ(GetDetail<google::rpc::BadRequest>(status)->field_violations(0).field(), "regex");
  EXPECT_EQ(WorkerVerdict({}, refused), absl::InvalidArgumentError(refused.error_message()));
  EXPECT_EQ(WorkerVerdict(request, {grpc::StatusCode::NOT_FOUND, "no adapter"}),
            absl::NotFoundError("no adapter"));
}

}  // namespace
}  // namespace bitnet

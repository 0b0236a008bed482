#include "proto/status_mapping.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/socket_address.h"

namespace bitnet {
namespace {

TEST(StatusMappingTest, KeepsCodeAndMessageBothWays) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    const grpc::Status rpc = ToGrpcStatus(status);
    EXPECT_EQ(rpc.error_code(), code);
    EXPECT_EQ(rpc.error_message(), "why");
    EXPECT_EQ(FromGrpcStatus(rpc), status);
  }
}

TEST(StatusMappingTest, KeepsOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(StatusMappingTest, CarriesPayloadsAsErrorDetails) {
  absl::Status status = absl::ResourceExhaustedError("why");
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord("one"));
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("two"));
  const grpc::Status rpc = ToGrpcStatus(status);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(rpc.error_details()));
  EXPECT_EQ(details.code(), 8);
  EXPECT_EQ(details.message(), "why");
  EXPECT_EQ(details.details_size(), 2);
  EXPECT_EQ(FromGrpcStatus(rpc), status);  // With its payloads.
}

TEST(StatusMappingTest, DropsDetailsThatAreDamaged) {
  EXPECT_EQ(FromGrpcStatus({grpc::StatusCode::ABORTED, "why", "\xff\xff"}), absl::AbortedError("why"));
}

TEST(StatusMappingTest, TakesACodeOutOfRangeForUnknown) {
  for (const int code : {-1, 17, 4711}) {
    const absl::Status status = FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(code), "why"));
    EXPECT_EQ(status, absl::UnknownError("why"));
  }
}

TEST(SocketAddressTest, EscapesWhatAUriWouldReadOtherwise) {
  EXPECT_EQ(SocketAddress("/run/bitnet-0/p0.sock"), "unix:/run/bitnet-0/p0.sock");
  EXPECT_EQ(SocketAddress("/a b/50%"), "unix:/a%20b/50%25");
}

}  // namespace
}  // namespace bitnet

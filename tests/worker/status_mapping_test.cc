#include "proto/status_mapping.h"

#include <gtest/gtest.h>

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

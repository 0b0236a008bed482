// Clients that do not take what they asked for.
#include <gtest/gtest.h>

#include <string>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/status_mapping.h"
#include "service/errors/detail_payload.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

// Far more than a window of 64 KiB holds.
constexpr char kFlood[] = "flood:4000;hang";

class SlowReaderTest : public FrontTest {
 protected:
  // Whose window does not grow: it is what gRPC reads ahead of its reader.
  void StartReadyWithSmallWindow() {
    StartReady();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
    slow_ = v1::InferenceService::NewStub(
        grpc::CreateCustomChannel(front_->grpc_address(), grpc::InsecureChannelCredentials(), arguments));
  }

  std::unique_ptr<v1::InferenceService::Stub> slow_;
};

TEST_F(SlowReaderTest, KeepsItsPromiseToAReaderThatIsOnlySlow) {
  StartReadyWithSmallWindow();
  grpc::ClientContext context;
  Reader reader = slow_->Generate(&context, Prompt("flood:4000"));
  // Others go on while it reads nothing.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Generate("say:x").text(), "x");
  const Answer answer = ReadAll(std::move(reader));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.num_tokens(), 4000u);
  EXPECT_EQ(answer.text(), std::string(4000 * 1024, 'f'));
  EXPECT_LT(answer.events.size(), 4000u) << "deltas were not joined";
}

TEST_F(SlowReaderTest, GivesUpAReaderThatTakesNothingAndFreesItsWorker) {
  options_.call_times.slow_reader = absl::Milliseconds(100);
  StartReadyWithSmallWindow();
  grpc::ClientContext context;
  Reader reader = slow_->Generate(&context, Prompt(kFlood));
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
  // It gets what was on the way, and is told why it ends; or it is cut off if it does not even take that.
  const Answer answer = ReadAll(std::move(reader));
  EXPECT_LT(answer.num_tokens(), 4000u);
  if (answer.status.error_code() != grpc::StatusCode::CANCELLED) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::ABORTED) << answer.status.error_message();
  }
}

TEST_F(SlowReaderTest, TellsAReaderThatWakesUpWhyItWasGivenUp) {
  options_.call_times.slow_reader = absl::Seconds(1);
  StartReadyWithSmallWindow();
  grpc::Status status;
  int cancels = 0;
  do {  // On a slow machine it may be cut off before it wakes up.
    grpc::ClientContext context;
    Reader reader = slow_->Generate(&context, Prompt(kFlood));
    EXPECT_EQ(Generate("await-cancels:" + std::to_string(++cancels) + ";say:x").text(), "x");
    status = ReadAll(std::move(reader)).status;
  } while (status.error_code() == grpc::StatusCode::CANCELLED);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_NE(status.error_message().find("the client took nothing for 1s, after "), std::string::npos)
      << status.error_message();
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(FromGrpcStatus(status))->reason(), "SLOW_READER");
}

}  // namespace
}  // namespace bitnet

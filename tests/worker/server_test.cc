#include <gtest/gtest.h>

#include <thread>

#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "tests/worker/fixture.h"

namespace bitnet {
namespace {

template <typename Repeated>
auto ToVector(const Repeated& values) {
  return std::vector<typename Repeated::value_type>(values.begin(), values.end());
}

class WorkerServerTest : public WorkerServerFixture {
 protected:
  grpc::StatusCode StatusOfNewCall() {
    grpc::ClientContext context;
    return ReadToEnd(Generate(&context).get()).status.error_code();
  }
};

TEST_F(WorkerServerTest, TellsItsModel) {
  grpc::ClientContext context;
  v1::Model model;
  ASSERT_TRUE(stub_->GetModel(&context, {}, &model).ok());
  EXPECT_EQ(model.name(), "fake-model");
  EXPECT_EQ(model.architecture(), "fake");
  EXPECT_EQ(model.parameters(), 1234u);
  EXPECT_EQ(model.file_bytes(), 5678u);
  EXPECT_EQ(model.context_length(), 512u);
  EXPECT_EQ(model.vocab_size(), 258u);
  EXPECT_EQ(model.bos_token_id(), 256u);
  ASSERT_EQ(model.end_token_ids_size(), 1);
  EXPECT_EQ(model.end_token_ids(0), 257u);
}

TEST_F(WorkerServerTest, TellsItsStatus) {
  grpc::ClientContext generating;
  auto reader = Generate(&generating);
  engine_.AwaitSubmitted();
  grpc::ClientContext context;
  worker::v1::WorkerStatus status;
  ASSERT_TRUE(stub_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.steps(), 7u);
  EXPECT_EQ(status.step_seconds_sum(), 0.5);
  EXPECT_EQ(ToVector(status.step_seconds_bounds()), (std::vector<double>{0.1, 1}));
  EXPECT_EQ(ToVector(status.step_seconds_buckets()), (std::vector<uint64_t>{5, 2, 0}));
  EXPECT_EQ(status.batch_size_sum(), 9);
  EXPECT_EQ(ToVector(status.batch_size_bounds()), (std::vector<double>{1}));
  EXPECT_EQ(ToVector(status.batch_size_buckets()), (std::vector<uint64_t>{6, 1}));
  EXPECT_EQ(status.max_sequences(), 16u);
  EXPECT_EQ(status.sequence_limit(), 16u);
  EXPECT_EQ(status.running(), 1u);
  EXPECT_EQ(status.kv_blocks(), 10u);
  EXPECT_EQ(status.kv_blocks_free(), 9u);
  EXPECT_EQ(status.drafted_tokens(), 8u);
  EXPECT_EQ(status.accepted_tokens(), 6u);
  EXPECT_EQ(status.prefix_query_tokens(), 12u);
  EXPECT_EQ(status.prefix_hit_tokens(), 11u);
  EXPECT_EQ(status.preemptions(), 5u);
  EXPECT_EQ(status.threads(), 3u);
  EXPECT_EQ(status.isa(), "portable");
  generating.TryCancel();
  ReadToEnd(reader.get());
}

TEST_F(WorkerServerTest, BeginsAsManySequencesAsItIsToldWhenItIsAsked) {
  const auto limit_after = [&](uint32_t limit) {
    grpc::ClientContext context;
    worker::v1::GetStatusRequest request;
    request.set_sequence_limit(limit);
    worker::v1::WorkerStatus status;
    EXPECT_TRUE(stub_->GetStatus(&context, request, &status).ok());
    return status.sequence_limit();
  };
  EXPECT_EQ(limit_after(3), 3u);
  EXPECT_EQ(limit_after(4'000'000'000), 16u);
  EXPECT_EQ(limit_after(2), 2u);
  EXPECT_EQ(limit_after(0), 16u);
}

TEST_F(WorkerServerTest, TellsNothingOfWhatItHasNoSensorsFor) {
  grpc::ClientContext context;
  worker::v1::WorkerStatus status;
  ASSERT_TRUE(stub_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.energy_size(), 0);
  EXPECT_EQ(status.thermal_pressure(), worker::v1::THERMAL_PRESSURE_UNSPECIFIED);
  EXPECT_FALSE(status.has_charged_joules());
}

TEST_F(WorkerServerTest, LoadsListsAndUnloadsAdapters) {
  const auto admin = v1::AdminService::NewStub(
      grpc::CreateChannel(SocketAddress(socket_), grpc::InsecureChannelCredentials()));
  const auto load = [&](const std::string& name, const std::string& path) {
    grpc::ClientContext context;
    v1::LoadAdapterRequest request;
    request.set_name(name);
    request.set_path(path);
    v1::Adapter adapter;
    const grpc::Status status = admin->LoadAdapter(&context, request, &adapter);
    EXPECT_EQ(adapter.name(), status.ok() ? name : "");
    return status.error_code();
  };
  const auto unload = [&](const std::string& name) {
    grpc::ClientContext context;
    v1::UnloadAdapterRequest request;
    request.set_name(name);
    v1::UnloadAdapterResponse response;
    return admin->UnloadAdapter(&context, request, &response).error_code();
  };
  EXPECT_EQ(load("poet", "/good/poet.gguf"), grpc::StatusCode::OK);
  EXPECT_EQ(load("poet", "/good/poet.gguf"), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(load("jurist", "/missing"), grpc::StatusCode::NOT_FOUND);
  grpc::ClientContext context;
  v1::ListAdaptersResponse list;
  ASSERT_TRUE(admin->ListAdapters(&context, {}, &list).ok());
  ASSERT_EQ(list.adapters_size(), 1);
  EXPECT_EQ(list.adapters(0).path(), "/good/poet.gguf");
  EXPECT_EQ(unload("poet"), grpc::StatusCode::OK);
  EXPECT_EQ(unload("poet"), grpc::StatusCode::NOT_FOUND);
}

TEST_F(WorkerServerTest, TokenizesAndBack) {
  v1::TokenizeRequest text;
  text.set_text("hi");
  v1::TokenizeResponse tokens;
  grpc::ClientContext tokenize;
  ASSERT_TRUE(stub_->Tokenize(&tokenize, text, &tokens).ok());
  EXPECT_EQ(ToVector(tokens.ids()), (std::vector<uint32_t>{256, 'h', 'i'}));
  EXPECT_EQ(ToVector(tokens.pieces()), (std::vector<std::string>{"<s>", "h", "i"}));

  v1::DetokenizeRequest ids;
  *ids.mutable_ids() = tokens.ids();
  worker::v1::DetokenizeResponse bytes;
  grpc::ClientContext detokenize;
  ASSERT_TRUE(stub_->Detokenize(&detokenize, ids, &bytes).ok());
  EXPECT_EQ(bytes.bytes(), "hi");
}

TEST_F(WorkerServerTest, RefusesToDetokenizeWhatIsNoToken) {
  v1::DetokenizeRequest ids;
  ids.add_ids(4294967295u);
  worker::v1::DetokenizeResponse bytes;
  grpc::ClientContext context;
  const grpc::Status status = stub_->Detokenize(&context, ids, &bytes);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "ids[0] is 4294967295", status.error_message());
}

TEST_F(WorkerServerTest, LetsRunningCallsFinishAndTurnsNewOnesAway) {
  std::thread serving([this] { server_->ServeUntilStopped(absl::InfiniteDuration()); });
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  server_->RequestStop();
  EXPECT_EQ(StatusOfNewCall(), grpc::StatusCode::UNAVAILABLE);
  engine_.Emit(id, TokenAt(0, 65));
  engine_.Finish(id, FinishReason::kEndToken);
  const Answer answer = ReadToEnd(reader.get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.finished.size(), 1u);
  serving.join();
}

TEST_F(WorkerServerTest, EndsRunningCallsWhenTheGraceIsOver) {
  std::thread serving([this] { server_->ServeUntilStopped(absl::ZeroDuration()); });
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  server_->RequestStop();
  engine_.AwaitCancelled(id);
  EXPECT_EQ(ReadToEnd(reader.get()).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  serving.join();
}

TEST_F(WorkerServerTest, DoesNotWaitWhenAskedTwice) {
  std::thread serving([this] { server_->ServeUntilStopped(absl::InfiniteDuration()); });
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  server_->RequestStop();
  server_->RequestStop();
  engine_.AwaitCancelled(id);
  EXPECT_EQ(ReadToEnd(reader.get()).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  serving.join();
}

TEST_F(WorkerServerTest, EndsRunningCallsWhenDestroyed) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  server_.reset();
  engine_.AwaitCancelled(id);
  EXPECT_FALSE(ReadToEnd(reader.get()).status.ok());
}

TEST_F(WorkerServerTest, RefusesASocketThatIsServedAlready) {
  EXPECT_TRUE(absl::IsAlreadyExists(WorkerServer::Start(&engine_, {}, socket_).status()));
  grpc::ClientContext context;
  v1::Model model;
  EXPECT_TRUE(stub_->GetModel(&context, {}, &model).ok());
}

}  // namespace
}  // namespace bitnet

// The whole path of a request: client, front, worker process; the worker is the scripted one.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

TEST_F(FrontTest, StreamsStartedThenTokensInOrderThenFinished) {
  StartReady();
  v1::GenerateRequest request = Prompt("say:He|llo| you");
  request.mutable_sampling()->set_seed(42);
  const Answer answer = Generate(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_TRUE(answer.events.front().has_started());
  EXPECT_EQ(answer.events.front().started().seed(), 42u);
  EXPECT_EQ(answer.events.front().started().prompt_tokens(), 15u);
  EXPECT_EQ(answer.events.front().started().model(), "fake");
  EXPECT_EQ(answer.text(), "Hello you");
  uint32_t next = 0;
  for (const auto& event : answer.events) {
    for (const v1::Token& token : event.delta().tokens()) EXPECT_EQ(token.index(), next++);
  }
  EXPECT_EQ(next, 3u);
  EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_END_TOKEN);
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 3u);
}

TEST_F(FrontTest, DrawsASeedAndTellsIt) {
  StartReady();
  const uint64_t first = Generate("say:a").events.front().started().seed();
  EXPECT_NE(first, Generate("say:a").events.front().started().seed());
  EXPECT_LT(first, uint64_t{1} << 53);
}

TEST_F(FrontTest, DeliversEveryTokenOfALongAnswer) {
  StartReady();
  std::string script = "say:a";
  for (int i = 1; i < 400; ++i) script += "|a";
  v1::GenerateRequest request = Prompt(script);
  const Answer answer = Generate(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), std::string(400, 'a'));
  EXPECT_EQ(answer.num_tokens(), 400u);
}

TEST_F(FrontTest, JoinsACharacterSplitAcrossTokens) {
  StartReady();
  const Answer answer = Generate(R"(say:\xf0\x9f|\x98\x80!|\xff|\xc3)");
  EXPECT_EQ(answer.text(), "\xf0\x9f\x98\x80!\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(answer.num_tokens(), 4u);
}

TEST_F(FrontTest, EndsBeforeAStopStringAndFreesTheWorker) {
  StartReady();
  v1::GenerateRequest request = Prompt("say:Hello wo|rl|d and|;hang");
  request.add_stop("world");
  const Answer answer = Generate(request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "Hello ");
  EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_STOP_STRING);
  EXPECT_EQ(answer.finished().stop(), "world");
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 3u);
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
}

TEST_F(FrontTest, TakesTokensThatComeTogetherOneByOne) {
  StartReady();
  Answer answer = Generate("burst:a|b|c;say:d");
  EXPECT_EQ(answer.text(), "abcd");
  EXPECT_EQ(answer.num_tokens(), 4u);
  v1::GenerateRequest request = Prompt("burst:Hello wo|rl|d and| more;hang");
  request.add_stop("world");
  answer = Generate(request);
  EXPECT_EQ(answer.text(), "Hello ");
  EXPECT_EQ(answer.num_tokens(), 3u);
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 3u);
}

TEST_F(FrontTest, DeliversWhatOnlyLookedLikeAStopString) {
  StartReady();
  v1::GenerateRequest request = Prompt("say:wor|ld");
  request.add_stop("worlds");
  const Answer answer = Generate(request);
  EXPECT_EQ(answer.text(), "world");
  EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_END_TOKEN);
}

// https://github.com/ggml-org/llama.cpp/issues/24496
TEST_F(FrontTest, CarriesAClientsCancellationToTheWorker) {
  StartReady();
  grpc::ClientContext context;
  Reader reader = stub_->Generate(&context, Prompt("say:a;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(reader->Read(&event));
  context.TryCancel();
  EXPECT_EQ(ReadAll(std::move(reader)).status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
}

// https://github.com/ggml-org/llama.cpp/issues/13262
TEST_F(FrontTest, CarriesACancellationBeforeTheFirstToken) {
  StartReady();
  for (int i = 0; i < 20; ++i) {  // Wherever it meets the request.
    grpc::ClientContext context;
    Reader reader = stub_->Generate(&context, Prompt("hang"));
    context.TryCancel();
    EXPECT_EQ(ReadAll(std::move(reader)).status.error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(Generate("say:x").text(), "x");
}

TEST_F(FrontTest, EndsAtTheDeadlineHereAndInTheWorker) {
  StartReady();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  const Answer answer = ReadAll(stub_->Generate(&context, Prompt("say:a;hang")));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
}

TEST_F(FrontTest, WithoutFailoverTellsThatAWorkerDiedAndGoesOnWithANewOne) {
  options_.failover_time = absl::ZeroDuration();
  StartReady();
  const Answer answer = Generate("say:a|b;die");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  // What the process had not yet sent died with it; the message and the client agree on the rest.
  EXPECT_EQ(answer.status.error_message(),
            "worker W0 went away after " + std::to_string(answer.num_tokens()) + " tokens; try again");
  EXPECT_EQ(answer.text(), std::string("ab").substr(0, answer.num_tokens()));
  Answer again;
  do {
    ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong));
    again = Generate("say:x");
  } while (again.status.error_code() == grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(again.text(), "x");
  EXPECT_EQ(front_->pool().Views()[0].restarts(), 1);
  EXPECT_EQ(front_->pool().Views()[0].restarts_by_reason[static_cast<size_t>(RestartReason::kCrash)], 1);
}

TEST_F(FrontTest, PassesAWorkersVerdictOn) {
  StartReady();
  const Answer answer = Generate("fail:8:too many wait");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_message(), "too many wait");
  EXPECT_TRUE(answer.events.empty());
}

TEST_F(FrontTest, RefusesWhatItsModelCannotTake) {
  StartReady();
  v1::GenerateRequest request;
  request.mutable_token_ids()->add_ids(256);
  EXPECT_EQ(Generate(request).status.error_message(),
            "token_ids.ids[0] is 256, wanted less than the vocabulary's size, 256");
  EXPECT_EQ(Generate(std::string(1001, 'x')).status.error_message(),
            "prompt has 1001 tokens, wanted at most the model's context length, 1000");
  request = Prompt("say:x");
  request.set_model("other");
  const grpc::Status status = Generate(request).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "model is \"other\", which is not served here; served is \"fake\"");
}

TEST_F(FrontTest, TokenizesDetokenizesAndListsModels) {
  StartReady();
  v1::TokenizeRequest text;
  text.set_text("ab");
  v1::TokenizeResponse tokens;
  grpc::ClientContext tokenize;
  ASSERT_TRUE(stub_->Tokenize(&tokenize, text, &tokens).ok());
  EXPECT_EQ(tokens.ids_size(), 2);
  v1::DetokenizeRequest ids;
  for (const uint32_t id : {0xe2u, 0x82u, 0xacu, 0xffu}) ids.add_ids(id);
  v1::DetokenizeResponse back;
  grpc::ClientContext detokenize;
  ASSERT_TRUE(stub_->Detokenize(&detokenize, ids, &back).ok());
  EXPECT_EQ(back.text(), "\xe2\x82\xac\xef\xbf\xbd");
  v1::ListModelsResponse models;
  grpc::ClientContext list;
  ASSERT_TRUE(stub_->ListModels(&list, {}, &models).ok());
  EXPECT_EQ(models.models(0).name(), "fake");
}

TEST_F(FrontTest, DrainsRunningRequestsAndRefusesNewOnes) {
  StartReady();
  grpc::ClientContext running_context;
  Reader running = stub_->Generate(&running_context, Prompt("say:a;await-cancels:1;say:b"));
  grpc::ClientContext hanging_context;
  Reader hanging = stub_->Generate(&hanging_context, Prompt("say:a;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(running->Read(&event));
  ASSERT_TRUE(hanging->Read(&event));
  front_->Stop();
  const grpc::Status refused = Generate("say:x").status;
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.error_message(),
            "the server is shutting down and takes no new requests; try another one");
  hanging_context.TryCancel();  // Lets the running one go on.
  const Answer answer = ReadAll(std::move(running));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_EQ(ReadAll(std::move(hanging)).status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(AwaitEnd().ok());
}

// https://github.com/grpc/grpc/issues/39114
TEST_F(FrontTest, EndsRunningRequestsAtASecondStop) {
  StartReady();
  grpc::ClientContext context;
  Reader reader = stub_->Generate(&context, Prompt("say:a;hang"));
  v1::GenerateResponse event;
  ASSERT_TRUE(reader->Read(&event));
  front_->Stop();
  front_->Stop();
  const grpc::Status status = ReadAll(std::move(reader)).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server stopped before the answer was complete; try again");
  EXPECT_TRUE(AwaitEnd().ok());
}

TEST_F(FrontTest, EndsWithTheReasonWhenNoWorkerCanStart) {
  StartFront("exit:78:model.gguf is cut off");
  const absl::Status status = AwaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "no worker can start: model.gguf is cut off (exit code 78)");
}

TEST_F(FrontTest, SaysWhyNoWorkerIsReady) {
  StartFront("exit:3");
  Answer answer;
  do {
    answer = Generate("say:x");
    ASSERT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  } while (answer.status.error_message().find("exit code 3") == std::string::npos);
  EXPECT_NE(answer.status.error_message().find("no worker is ready: worker W0 "), std::string::npos);
}

}  // namespace
}  // namespace bitnet

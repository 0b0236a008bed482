#include <gtest/gtest.h>

#include <thread>

#include "tests/worker/fixture.h"

namespace bitnet {
namespace {

class GenerateCallTest : public WorkerServerFixture {};

TEST_F(GenerateCallTest, StreamsTokensInOrderAndFinishedLast) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  for (int i = 0; i < 500; ++i) engine_.Emit(id, TokenAt(i, i % 256));
  engine_.Finish(id, FinishReason::kLength,
                 {.prompt_tokens = 20,
                  .cached_tokens = 16,
                  .generated_tokens = 500,
                  .queue_time = absl::Milliseconds(250),
                  .prefill_time = absl::Milliseconds(500),
                  .decode_time = absl::Seconds(2)});

  const Answer answer = ReadToEnd(reader.get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_EQ(answer.tokens.size(), 500u);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(answer.tokens[i].token().index(), static_cast<uint32_t>(i));
    EXPECT_EQ(answer.tokens[i].token().id(), static_cast<uint32_t>(i % 256));
    EXPECT_EQ(answer.tokens[i].text(), std::string(1, static_cast<char>(i % 256)));
    EXPECT_FALSE(answer.tokens[i].token().has_logprob());
  }
  ASSERT_EQ(answer.finished.size(), 1u);
  EXPECT_FALSE(answer.token_after_finished);
  EXPECT_EQ(answer.finished[0].attempt(), 2u);
  EXPECT_EQ(answer.finished[0].reason(), v1::FINISH_REASON_LENGTH);
  EXPECT_EQ(answer.finished[0].usage().prompt_tokens(), 20u);
  EXPECT_EQ(answer.finished[0].usage().cached_tokens(), 16u);
  EXPECT_EQ(answer.finished[0].usage().generated_tokens(), 500u);
  EXPECT_EQ(answer.finished[0].usage().queue_seconds(), 0.25);
  EXPECT_EQ(answer.finished[0].usage().prefill_seconds(), 0.5);
  EXPECT_EQ(answer.finished[0].usage().decode_seconds(), 2);
}

TEST_F(GenerateCallTest, LosesNothingThatComesBeforeSubmitReturns) {
  engine_.DuringSubmit([this](GenerationId id) {
    for (int i = 0; i < 100; ++i) engine_.Find(id)->OnToken(TokenAt(i, 65));
    engine_.FinishNow(id, FinishReason::kEndToken);
  });
  grpc::ClientContext context;
  const Answer answer = ReadToEnd(Generate(&context).get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.tokens.size(), 100u);
  ASSERT_EQ(answer.finished.size(), 1u);
  EXPECT_EQ(answer.finished[0].reason(), v1::FINISH_REASON_END_TOKEN);
}

TEST_F(GenerateCallTest, ContinuesAfterWhatEarlierAttemptsDelivered) {
  grpc::ClientContext context;
  worker::v1::GenerateRequest request = RequestWithPrompt({256, 65});
  for (const uint32_t id : {66, 67, 68}) request.add_generated(id);
  auto reader = stub_->Generate(&context, request);
  const GenerationId id = engine_.AwaitSubmitted();
  EXPECT_EQ(engine_.request(id).prompt, (std::vector<int>{256, 65}));
  EXPECT_EQ(engine_.request(id).generated, (std::vector<int>{66, 67, 68}));
  engine_.Emit(id, TokenAt(3, 69));
  engine_.Finish(id, FinishReason::kEndToken);
  const Answer answer = ReadToEnd(reader.get());
  ASSERT_EQ(answer.tokens.size(), 1u);
  EXPECT_EQ(answer.tokens[0].token().index(), 3u);
}

TEST_F(GenerateCallTest, SendsAnEmbeddingInThePlaceOfTokens) {
  grpc::ClientContext context;
  worker::v1::GenerateRequest request = RequestWithPrompt({256, 65});
  request.set_embed(v1::POOLING_MEAN);
  auto reader = stub_->Generate(&context, request);
  const GenerationId id = engine_.AwaitSubmitted();
  EXPECT_EQ(engine_.request(id).embed, Pooling::kMean);
  engine_.Embed(id, {0.6F, -0.8F});
  GenerationUsage usage;
  usage.prompt_tokens = 2;
  engine_.Finish(id, FinishReason::kEmbedded, usage);
  const Answer answer = ReadToEnd(reader.get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(answer.tokens.empty());
  ASSERT_EQ(answer.embeddings.size(), 1u);
  EXPECT_EQ(answer.embeddings[0].attempt(), 2u);
  const auto& values = answer.embeddings[0].embedding().values();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{0.6F, -0.8F}));
  ASSERT_EQ(answer.finished.size(), 1u);
  EXPECT_EQ(answer.finished[0].reason(), v1::FINISH_REASON_UNSPECIFIED);
  EXPECT_EQ(answer.finished[0].usage().prompt_tokens(), 2u);
}

TEST_F(GenerateCallTest, CancelsTheEmbeddingOfAClientThatLeaves) {
  grpc::ClientContext context;
  worker::v1::GenerateRequest request = RequestWithPrompt({256, 65});
  request.set_embed(v1::POOLING_LAST);
  auto reader = stub_->Generate(&context, request);
  const GenerationId id = engine_.AwaitSubmitted();
  context.TryCancel();
  EXPECT_EQ(ReadToEnd(reader.get()).status.error_code(), grpc::StatusCode::CANCELLED);
  engine_.AwaitCancelled(id);
}

TEST_F(GenerateCallTest, CancelsTheGenerationOfAClientThatLeavesBeforeTheFirstToken) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  context.TryCancel();
  EXPECT_EQ(ReadToEnd(reader.get()).status.error_code(), grpc::StatusCode::CANCELLED);
  engine_.AwaitCancelled(id);
}

TEST_F(GenerateCallTest, CancelsTheGenerationOfAClientThatLeavesBetweenTokens) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  engine_.Emit(id, TokenAt(0, 65));
  worker::v1::GenerateResponse first;
  ASSERT_TRUE(reader->Read(&first));
  context.TryCancel();
  engine_.AwaitCancelled(id);
  engine_.AwaitIdle();
  EXPECT_EQ(engine_.stats().running, 0);
}

TEST_F(GenerateCallTest, CancelsAtTheDeadline) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)));
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  EXPECT_EQ(ReadToEnd(reader.get()).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  engine_.AwaitCancelled(id);
}

TEST_F(GenerateCallTest, DoesNotHoldUpTheEngineWhenNobodyReads) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  GeneratedToken token = TokenAt(0, 65);
  for (int i = 0; i < 20; ++i) token.alternatives.push_back({i, -1.0f});
  // About 5 MB, well beyond the window of an HTTP/2 stream.
  for (token.index = 0; token.index < 20000; ++token.index) engine_.Emit(id, token);
  engine_.AwaitIdle();
  engine_.Finish(id, FinishReason::kLength);
  const Answer answer = ReadToEnd(reader.get());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.tokens.size(), 20000u);
  EXPECT_EQ(answer.finished.size(), 1u);
}

TEST_F(GenerateCallTest, LetsGoOfAClientThatLeavesWithoutReading) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  GeneratedToken token = TokenAt(0, 65);
  for (int i = 0; i < 20; ++i) token.alternatives.push_back({i, -1.0f});
  for (token.index = 0; token.index < 20000; ++token.index) engine_.Emit(id, token);
  engine_.AwaitIdle();
  context.TryCancel();
  engine_.AwaitCancelled(id);
  // The fixture's server would wait for ever for a call that was not let go.
}

// A client that leaves, an engine that ends, and tokens, all at once. What is checked is that every call is
// deleted once and that nothing hangs, so the sanitizers see more here than the expectations do.
TEST_F(GenerateCallTest, SurvivesCancellationInEveryPhase) {
  for (GenerationId n = 1; n <= 300; ++n) {
    grpc::ClientContext context;
    auto reader = Generate(&context);
    std::thread events([this, n] {
      const GenerationId id = engine_.AwaitSubmitted(n);
      const int num_tokens = static_cast<int>(n % 7);
      for (int i = 0; i < num_tokens; ++i) engine_.Emit(id, TokenAt(i, 65));
      engine_.Finish(id, FinishReason::kEndToken);
    });
    worker::v1::GenerateResponse response;
    const int reads = static_cast<int>(n % 5);
    for (int i = 0; i < reads && reader->Read(&response); ++i) {
    }
    // Cancelled before the worker has seen it, there would be no n-th generation.
    engine_.AwaitSubmitted(n);
    context.TryCancel();
    const Answer answer = ReadToEnd(reader.get());
    events.join();
    if (answer.status.ok()) {
      EXPECT_TRUE(!answer.finished.empty() || response.has_finished());
    }
  }
}

TEST_F(GenerateCallTest, RefusesTokenIdsBeyondTheVocabulary) {
  grpc::ClientContext context;
  const Answer answer = ReadToEnd(Generate(&context, {256, 258}).get());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "prompt[1] is 258: the vocabulary has 258 tokens",
                      answer.status.error_message());
  EXPECT_EQ(engine_.num_submitted(), 0);
}

TEST_F(GenerateCallTest, PassesOnWhyTheEngineRefuses) {
  engine_.RefuseNext(absl::ResourceExhaustedError("256 are waiting already"));
  grpc::ClientContext context;
  const Answer answer = ReadToEnd(Generate(&context).get());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_message(), "256 are waiting already");
}

TEST_F(GenerateCallTest, EndsAsUnavailableWhenTheEngineCancels) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  engine_.Emit(id, TokenAt(0, 65));
  engine_.Finish(id, FinishReason::kCancelled);
  const Answer answer = ReadToEnd(reader.get());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(answer.finished.empty());
}

}  // namespace
}  // namespace bitnet

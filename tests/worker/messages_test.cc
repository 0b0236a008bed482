#include "worker/messages.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/worker/fake_engine.h"
#include "tests/worker/worker_client.h"

namespace bitnet {
namespace {

TEST(ToGenerationRequestTest, TakesEveryField) {
  worker::v1::GenerateRequest request = RequestWithPrompt({1, 2});
  request.add_generated(3);
  request.add_stop_token_ids(4);
  request.set_max_tokens(5);
  request.set_min_tokens(6);
  request.set_ignore_eos(true);
  request.set_logprobs(7);
  request.set_priority(v1::PRIORITY_BACKGROUND);
  request.add_adapters()->set_name("poet");
  request.add_adapters()->set_name("jurist");
  request.mutable_adapters(1)->set_scale(0);
  v1::Sampling& sampling = *request.mutable_sampling();
  sampling.set_temperature(0.5);
  sampling.set_top_k(8);
  sampling.set_top_p(0.25);
  sampling.set_min_p(0.125);
  sampling.set_repetition_penalty(1.5);
  sampling.set_presence_penalty(2.5);
  sampling.set_frequency_penalty(3.5);
  sampling.set_seed(std::numeric_limits<uint64_t>::max());

  const absl::StatusOr<GenerationRequest> generation = ToGenerationRequest(request, 10);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ(generation->prompt, (std::vector<int>{1, 2}));
  EXPECT_EQ(generation->generated, (std::vector<int>{3}));
  EXPECT_EQ(generation->stop_tokens, (std::vector<int>{4}));
  EXPECT_EQ(generation->max_tokens, 5);
  EXPECT_EQ(generation->min_tokens, 6);
  EXPECT_TRUE(generation->ignore_eos);
  EXPECT_EQ(generation->num_logprobs, 7);
  EXPECT_EQ(generation->priority, Priority::kBackground);
  ASSERT_EQ(generation->adapters.size(), 2u);
  EXPECT_EQ(generation->adapters[0].name, "poet");
  EXPECT_EQ(generation->adapters[0].scale, 1);
  EXPECT_EQ(generation->adapters[1].name, "jurist");
  EXPECT_EQ(generation->adapters[1].scale, 0);
  EXPECT_EQ(generation->sampling.temperature, 0.5f);
  EXPECT_EQ(generation->sampling.top_k, 8);
  EXPECT_EQ(generation->sampling.top_p, 0.25f);
  EXPECT_EQ(generation->sampling.min_p, 0.125f);
  EXPECT_EQ(generation->sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(generation->sampling.presence_penalty, 2.5f);
  EXPECT_EQ(generation->sampling.frequency_penalty, 3.5f);
  EXPECT_EQ(generation->sampling.seed, std::numeric_limits<uint64_t>::max());
}

TEST(ToGenerationRequestTest, TakesWhatAnEmbeddingIsMadeOf) {
  worker::v1::GenerateRequest request = RequestWithPrompt({1, 2});
  EXPECT_FALSE(ToGenerationRequest(request, 10)->embed.has_value());
  request.set_embed(v1::POOLING_UNSPECIFIED);
  EXPECT_EQ(ToGenerationRequest(request, 10)->embed, Pooling::kOfModel);
  request.set_embed(v1::POOLING_LAST);
  EXPECT_EQ(ToGenerationRequest(request, 10)->embed, Pooling::kLast);
  request.set_embed(v1::POOLING_MEAN);
  EXPECT_EQ(ToGenerationRequest(request, 10)->embed, Pooling::kMean);
}

TEST(ToGenerationRequestTest, TakesConstraints) {
  const auto constraint = [](auto set) {
    worker::v1::GenerateRequest request = RequestWithPrompt({1, 2});
    request.mutable_sampling()->set_seed(1);
    set(request);
    return ToGenerationRequest(request, 10)->constraint;
  };
  EXPECT_EQ(constraint([](auto&) {}), Constraint());
  EXPECT_EQ(constraint([](auto& r) { r.set_json_schema("{}"); }),
            (Constraint{ConstraintKind::kJsonSchema, "{}"}));
  EXPECT_EQ(constraint([](auto& r) { r.set_json_object(true); }), Constraint{ConstraintKind::kJsonObject});
  EXPECT_EQ(constraint([](auto& r) { r.set_json_object(false); }), Constraint());
  EXPECT_EQ(constraint([](auto& r) { r.set_regex("a|b"); }), (Constraint{ConstraintKind::kRegex, "a|b"}));
  EXPECT_EQ(constraint([](auto& r) { r.set_grammar("root ::= a"); }),
            (Constraint{ConstraintKind::kGrammar, "root ::= a"}));
}

TEST(ToGenerationRequestTest, HasTheDocumentedDefaults) {
  const absl::StatusOr<GenerationRequest> generation = ToGenerationRequest(RequestWithPrompt({1}), 10);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ(generation->sampling.temperature, 0);
  EXPECT_EQ(generation->sampling.top_k, 0);
  EXPECT_EQ(generation->sampling.top_p, 1);
  EXPECT_EQ(generation->sampling.min_p, 0);
  EXPECT_EQ(generation->sampling.repetition_penalty, 1);
  EXPECT_EQ(generation->sampling.presence_penalty, 0);
  EXPECT_EQ(generation->sampling.frequency_penalty, 0);
  EXPECT_EQ(generation->max_tokens, 0);
  EXPECT_EQ(generation->num_logprobs, -1);
  EXPECT_EQ(generation->priority, Priority::kNormal);
  EXPECT_TRUE(generation->adapters.empty());
}

TEST(ToGenerationRequestTest, TakesCountsBeyondAnIntForTheLargest) {
  worker::v1::GenerateRequest request = RequestWithPrompt({1});
  request.set_max_tokens(std::numeric_limits<uint32_t>::max());
  request.mutable_sampling()->set_top_k(1u << 31);
  const absl::StatusOr<GenerationRequest> generation = ToGenerationRequest(request, 10);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ(generation->max_tokens, std::numeric_limits<int>::max());
  EXPECT_EQ(generation->sampling.top_k, std::numeric_limits<int>::max());
}

void ExpectRefused(const worker::v1::GenerateRequest& request, const char* message) {
  const absl::Status status = ToGenerationRequest(request, 10).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, message, std::string(status.message()));
}

TEST(ToGenerationRequestTest, NamesTheFieldThatIsWrong) {
  worker::v1::GenerateRequest request = RequestWithPrompt({1});
  request.add_generated(10);
  ExpectRefused(request, "generated[0] is 10");
  request = RequestWithPrompt({1});
  request.add_stop_token_ids(9);
  request.add_stop_token_ids(11);
  ExpectRefused(request, "stop_token_ids[1] is 11");
  request = RequestWithPrompt({1});
  request.set_logprobs(21);
  ExpectRefused(request, "logprobs is 21");
  request = RequestWithPrompt({1});
  request.mutable_sampling()->clear_seed();
  ExpectRefused(request, "sampling.seed is not set");
}

TEST(ToMessageTest, CarriesLogprobsAndBytesOfAlternatives) {
  const GeneratedToken token{
      .index = 4, .id = 0xe2, .logprob = -0.5f, .alternatives = {{65, -0.25f}, {257, -1}}};
  const worker::v1::GeneratedToken message = ToMessage(token, FakeTokenizer());
  EXPECT_EQ(message.text(), "\xe2");
  EXPECT_EQ(message.token().index(), 4u);
  EXPECT_EQ(message.token().logprob(), -0.5f);
  ASSERT_EQ(message.token().alternatives_size(), 2);
  EXPECT_EQ(message.token().alternatives(0).id(), 65u);
  EXPECT_EQ(message.token().alternatives(0).logprob(), -0.25f);
  EXPECT_EQ(message.token().alternatives(0).text(), "A");
  EXPECT_EQ(message.token().alternatives(1).text(), "");
}

absl::StatusOr<std::vector<int32_t>> EncodeFor(const v1::TokenizeRequest& request) {
  const FakeTokenizer tokenizer;
  return Encode(request, tokenizer, NoChat(tokenizer));
}

TEST(EncodeTest, LeavesOutTheBeginningOnRequest) {
  v1::TokenizeRequest request;
  request.set_text("a");
  EXPECT_EQ(*EncodeFor(request), (std::vector<int>{256, 'a'}));
  request.set_no_special_tokens(true);
  EXPECT_EQ(*EncodeFor(request), (std::vector<int>{'a'}));
}

TEST(EncodeTest, RefusesNothingAndMessagesWithoutARole) {
  v1::TokenizeRequest request;
  EXPECT_TRUE(absl::IsInvalidArgument(EncodeFor(request).status()));
  request.mutable_messages()->add_messages()->set_role(v1::ROLE_USER);
  request.mutable_messages()->add_messages()->set_content("who says this?");
  const absl::Status status = EncodeFor(request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "messages[1].role is 0", std::string(status.message()));
}

TEST(EncodeTest, RefusesMessagesWhereTheModelKnowsNoChat) {
  v1::TokenizeRequest request;
  request.mutable_messages()->add_messages()->set_role(v1::ROLE_USER);
  EXPECT_TRUE(absl::IsFailedPrecondition(EncodeFor(request).status()));
}

}  // namespace
}  // namespace bitnet

// Embeddings from a front with scripted workers.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

v1::EmbedRequest Inputs(const std::vector<std::string>& scripts) {
  v1::EmbedRequest request;
  for (const std::string& script : scripts) {
    request.add_inputs()->set_text(script);
  }
  return request;
}

struct Reply {
  v1::EmbedResponse response;
  grpc::Status status;
};

class EmbedTest : public FrontTest {
 protected:
  Reply Embed(const v1::EmbedRequest& request) {
    grpc::ClientContext context;
    Reply reply;
    reply.status = stub_->Embed(&context, request, &reply.response);
    return reply;
  }
  Reply Embed(const std::vector<std::string>& scripts) { return Embed(Inputs(scripts)); }

  void ExpectRefused(const v1::EmbedRequest& request, const std::string& message) {
    const grpc::Status status = Embed(request).status;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, message, status.error_message());
  }

  void AwaitNoCalls() {
    while (front_->pool().Links().front()->active > 0) std::this_thread::yield();
  }
};

std::vector<float> ValuesOf(const v1::Embedding& embedding) {
  return {embedding.values().begin(), embedding.values().end()};
}

TEST_F(EmbedTest, GivesEachInputsVectorInItsPlace) {
  StartReady();
  v1::EmbedRequest request = Inputs({"abc", "d"});
  request.add_inputs()->mutable_token_ids()->add_ids(7);
  request.set_pooling(v1::POOLING_MEAN);
  const Reply reply = Embed(request);
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.response.model(), "fake");
  ASSERT_EQ(reply.response.embeddings_size(), 3);
  EXPECT_EQ(ValuesOf(reply.response.embeddings(0)), (std::vector<float>{v1::POOLING_MEAN, 3, 'a'}));
  EXPECT_EQ(ValuesOf(reply.response.embeddings(1)), (std::vector<float>{v1::POOLING_MEAN, 1, 'd'}));
  EXPECT_EQ(ValuesOf(reply.response.embeddings(2)), (std::vector<float>{v1::POOLING_MEAN, 1, 7}));
  EXPECT_EQ(reply.response.usage().prompt_tokens(), 5u);
  EXPECT_EQ(reply.response.usage().lost_attempts(), 0u);
  EXPECT_FALSE(reply.response.usage().has_energy());
}

TEST_F(EmbedTest, TakesMoreInputsThanAreComputedAtOnce) {
  StartReady();
  v1::EmbedRequest request;
  for (int i = 0; i < 500; ++i) {
    if (i % 2 == 0) {
      request.add_inputs()->set_text(std::string(1, static_cast<char>('a' + i % 20)));
    } else {
      request.add_inputs()->mutable_token_ids()->add_ids(static_cast<uint32_t>('a' + i % 20));
    }
  }
  const Reply reply = Embed(request);
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  ASSERT_EQ(reply.response.embeddings_size(), 500);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(reply.response.embeddings(i).values(2), static_cast<float>('a' + i % 20)) << i;
  }
}

TEST_F(EmbedTest, AddsUpWhatItTook) {
  StartReady();
  const Reply reply = Embed(std::vector<std::string>{"joules:2.5", "joules:4"});
  EXPECT_DOUBLE_EQ(reply.response.usage().energy().joules(), 6.5);
  EXPECT_EQ(reply.response.usage().energy().source(), "fake");
}

TEST_F(EmbedTest, SaysWhichInputIsWrong) {
  StartReady();
  ExpectRefused({}, "inputs has 0 items, wanted 1 to 2048");
  ExpectRefused(Inputs(std::vector<std::string>(2049, "a")), "inputs has 2049 items, wanted 1 to 2048");
  v1::EmbedRequest request = Inputs({"a"});
  request.add_inputs();
  ExpectRefused(request, "inputs[1].prompt is not set, wanted one of text and token_ids");
  request.mutable_inputs(1)->mutable_token_ids();
  ExpectRefused(request, "inputs[1].token_ids.ids is empty");
  request.mutable_inputs(1)->mutable_token_ids()->add_ids(256);
  ExpectRefused(request, "inputs[1].token_ids.ids[0] is 256, wanted less than the vocabulary's size, 256");
  request.mutable_inputs(1)->set_text(std::string(1001, 'a'));
  ExpectRefused(request, "inputs[1].prompt has 1001 tokens, wanted at most the model's context length, 1000");
  request.mutable_inputs(1)->set_text("");
  ExpectRefused(request, "inputs[1].prompt has no tokens");
  request = Inputs({"a"});
  request.set_pooling(static_cast<v1::Pooling>(9));
  ExpectRefused(request, "pooling is 9 (unknown), wanted POOLING_LAST or POOLING_MEAN");
  request = Inputs({"a"});
  request.add_adapters();
  ExpectRefused(request, "adapters[0].name is empty");
  ExpectRefused(Inputs(std::vector<std::string>(301, std::string(1000, 'a'))),
                "inputs have 301000 tokens together, wanted at most 300000");
}

TEST_F(EmbedTest, EndsWithTheFirstInputThatFails) {
  StartReady();
  const Reply reply = Embed(std::vector<std::string>{"hang", "fail:5:no such adapter", "a"});
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reply.status.error_message(), "no such adapter");
  AwaitNoCalls();
}

TEST_F(EmbedTest, GoesToAnotherWorkerWhenOneIsLost) {
  options_.num_workers = 2;
  StartFront();
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong, 2));
  std::vector<std::string> scripts(40, "a");
  scripts[20] = "on:1:die";
  const Reply reply = Embed(scripts);
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  ASSERT_EQ(reply.response.embeddings_size(), 40);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(reply.response.embeddings(i).values(1), static_cast<float>(scripts[i].size())) << i;
  }
  EXPECT_GE(reply.response.usage().lost_attempts(), 1u);
}

TEST_F(EmbedTest, WaitsForTheOnlyWorkerToComeBack) {
  StartReady();
  const Reply reply = Embed(std::vector<std::string>{"on:1:die", "a"});
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.response.embeddings(0).values(1), 8);
}

TEST_F(EmbedTest, GivesUpAnInputThatKillsWorkers) {
  StartReady();
  const Reply reply = Embed(std::vector<std::string>{"a", "die"});
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "3 workers ended while they computed this request",
                      reply.status.error_message());
}

TEST_F(EmbedTest, FreesItsWorkerWhenTheClientLeaves) {
  StartReady();
  grpc::ClientContext context;
  std::thread client([&] {
    v1::EmbedResponse response;
    const grpc::Status status = stub_->Embed(&context, Inputs({"hang", "hang"}), &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  });
  while (front_->pool().Links().front()->active < 2) std::this_thread::yield();
  context.TryCancel();
  client.join();
  AwaitNoCalls();
}

TEST_F(EmbedTest, EndsAtItsDeadline) {
  StartReady();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)));
  v1::EmbedResponse response;
  EXPECT_EQ(stub_->Embed(&context, Inputs({"hang"}), &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  AwaitNoCalls();
}

TEST_F(EmbedTest, CountsAsTheRequestsThatWaitForItsInputs) {
  options_.waiting.requests = 20;
  StartReady();
  grpc::ClientContext context;
  std::thread client([&] {
    v1::EmbedResponse response;
    stub_->Embed(&context, Inputs(std::vector<std::string>(30, "hang")), &response);
  });
  while (front_->pool().Links().front()->active < 16) std::this_thread::yield();
  const grpc::Status status = Embed(std::vector<std::string>(5, "a")).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "16 requests wait already, this would be 5 more, and at most 20",
                      status.error_message());
  EXPECT_TRUE(Embed(std::vector<std::string>(4, "a")).status.ok());
  context.TryCancel();
  client.join();
  AwaitNoCalls();
  EXPECT_TRUE(Embed(std::vector<std::string>(5, "a")).status.ok());
}

TEST_F(EmbedTest, EndsWithTheServer) {
  StartReady();
  Reply reply;
  std::thread client([&] { reply = Embed(std::vector<std::string>{"hang"}); });
  while (front_->pool().Links().front()->active == 0) std::this_thread::yield();
  front_->Stop();
  front_->Stop();
  client.join();
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace bitnet

// What a client can read of an error, as it comes over the wire.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/status_mapping.h"
#include "service/errors/detail_payload.h"
#include "service/errors/error_details.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class RichErrorsTest : public FrontTest {
 protected:
  template <typename Detail>
  static Detail DetailOf(const grpc::Status& status) {
    return GetDetail<Detail>(FromGrpcStatus(status)).value_or(Detail());
  }
  // What a request is told that comes while another one waits; until then they are answered.
  grpc::Status RefusedBehind(const std::string& waiting, const v1::GenerateRequest& request) {
    for (;;) {
      grpc::ClientContext first_context;
      std::atomic<bool> first_ended = false;
      const std::jthread first([&] {
        ReadAll(stub_->Generate(&first_context, Prompt(waiting)));
        first_ended = true;  // It was refused itself: it came while one of the others waited.
      });
      while (!first_ended) {
        grpc::ClientContext context;
        const Answer answer = ReadAll(stub_->Generate(&context, request));
        if (!answer.status.ok()) {
          pushback_ = PushbackOf(context);
          first_context.TryCancel();
          return answer.status;
        }
      }
    }
  }
  static std::string PushbackOf(const grpc::ClientContext& context) {
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto pushback = trailers.find("grpc-retry-pushback-ms");
    return pushback == trailers.end() ? "" : std::string(pushback->second.begin(), pushback->second.end());
  }
  // Has the front know that a prompt token takes a second.
  void MeasurePrefill() {
    std::string script = "say:a;prefilled:";
    script = script + std::to_string(100) + ";" + std::string(100 - script.size() - 4, 'x');
    ASSERT_EQ(Generate(script).text(), "a");
  }
  Answer GenerateWithin(absl::Duration time, const std::string& script) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + time));
    return ReadAll(stub_->Generate(&context, Prompt(script)));
  }

  std::string pushback_;
};

TEST_F(RichErrorsTest, RefusalSaysWhoseQuotaAndWhenToComeBack) {
  options_.waiting.requests = 1;
  StartReady();
  const grpc::Status status = RefusedBehind("hang", Prompt("say:x"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(DetailOf<google::rpc::QuotaFailure>(status).violations(0).subject(), "server");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status).reason(), "QUEUE_FULL");
  EXPECT_EQ(DetailOf<google::rpc::RequestInfo>(status).request_id().size(), 32u);
  const absl::Duration delay = *RetryDelayOf(FromGrpcStatus(status));
  EXPECT_GE(delay, 0.9 * RetryPacer::kShortest);
  EXPECT_EQ(pushback_, std::to_string(absl::ToInt64Milliseconds(delay)));
}

TEST_F(RichErrorsTest, RefusesTokensBeyondTheBound) {
  options_.waiting.tokens = 500;
  StartReady();
  v1::GenerateRequest request = Prompt("say:x");
  request.set_max_tokens(400);
  const grpc::Status status = RefusedBehind("hang", request);  // Which stands for 256 tokens.
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("260 tokens wait already, this would be 405 more"), std::string::npos)
      << status.error_message();
}

TEST_F(RichErrorsTest, CountsAClientByItsAddressWhereItHasNoToken) {
  options_.waiting.requests_per_client = 1;
  StartReady();
  const grpc::Status status = RefusedBehind("hang", Prompt("say:x"));
  EXPECT_EQ(DetailOf<google::rpc::QuotaFailure>(status).violations(0).subject(), "client:ipv4:127.0.0.1");
}

TEST_F(RichErrorsTest, AWorkersRefusalSaysWhenToComeBackToo) {
  StartReady();
  const grpc::Status status = Generate("fail:8:too many wait").status;
  EXPECT_TRUE(RetryDelayOf(FromGrpcStatus(status)).has_value());
}

TEST_F(RichErrorsTest, EveryRpcNamesTheFieldsThatAreWrong) {
  StartReady();
  v1::GenerateRequest request = Prompt("say:x");
  request.mutable_sampling()->set_top_p(2);
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(Generate(request).status).field_violations(0).field(),
            "sampling.top_p");
  v1::TokenizeResponse tokens;
  grpc::ClientContext tokenize;
  EXPECT_EQ(
      DetailOf<google::rpc::BadRequest>(stub_->Tokenize(&tokenize, {}, &tokens)).field_violations(0).field(),
      "input");
  v1::DetokenizeRequest ids;
  ids.add_ids(256);
  v1::DetokenizeResponse text;
  grpc::ClientContext detokenize;
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(stub_->Detokenize(&detokenize, ids, &text))
                .field_violations(0)
                .field(),
            "ids[0]");
  v1::GetModelRequest other;
  other.set_name("other");
  v1::Model model;
  grpc::ClientContext get_model;
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(stub_->GetModel(&get_model, other, &model)).reason(),
            "MODEL_NOT_SERVED");
}

TEST_F(RichErrorsTest, RefusesADeadlineThatThePromptAloneExceeds) {
  StartReady();
  const std::string other = "say:b;" + std::string(94, 'y');
  EXPECT_TRUE(GenerateWithin(kLong, other + "z").status.ok()) << "refused on a guess";
  MeasurePrefill();
  const Answer refused = GenerateWithin(kLong, "say:c;" + std::string(94, 'z'));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_NE(refused.status.error_message().find("100 s for the prompt"), std::string::npos)
      << refused.status.error_message();
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(refused.status).reason(), "DEADLINE_OUT_OF_REACH");
  EXPECT_TRUE(refused.events.empty());
  EXPECT_EQ(Generate("say:d;" + std::string(94, 'z')).text(), "d") << "has no deadline";
  EXPECT_EQ(GenerateWithin(kLong, other).text(), "b") << "its beginning may be cached";
}

}  // namespace
}  // namespace bitnet

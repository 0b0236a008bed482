#include "service/rpc/validate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "proto/google/rpc/error_details.pb.h"
#include "service/errors/detail_payload.h"
#include "service/rpc/answer_text.h"

namespace bitnet {
namespace {

using Change = std::function<void(v1::GenerateRequest&)>;

std::string MessageFor(const Change& change) {
  v1::GenerateRequest request;
  request.set_text("hello");
  change(request);
  return std::string(ValidateGenerate(request).message());
}

TEST(ValidateGenerateTest, AcceptsDefaultsAndLimits) {
  EXPECT_EQ(MessageFor([](auto&) {}), "");
  EXPECT_EQ(MessageFor([](auto& r) {
              r.mutable_sampling()->set_temperature(100);
              r.mutable_sampling()->set_top_p(1);
              r.mutable_sampling()->set_repetition_penalty(100);
              r.mutable_sampling()->set_presence_penalty(-100);
              r.set_max_tokens(1);
              r.set_min_tokens(1);
              r.set_logprobs(20);
              for (int i = 0; i < 16; ++i) r.add_stop("x");
            }),
            "");
}

TEST(ValidateGenerateTest, NamesTheFieldWhatWasFoundAndWhatIsWanted) {
  EXPECT_EQ(MessageFor([](auto& r) { r.clear_prompt(); }),
            "prompt is not set, wanted one of text, token_ids and messages");
  EXPECT_EQ(MessageFor([](auto& r) { r.mutable_token_ids(); }),
            "token_ids.ids is empty, wanted at least one token id");
  EXPECT_EQ(MessageFor([](auto& r) { r.mutable_sampling()->set_temperature(-1); }),
            "sampling.temperature is -1, wanted a number in [0, 100]");
  EXPECT_EQ(MessageFor([](auto& r) { r.mutable_sampling()->set_temperature(std::nanf("")); }),
            "sampling.temperature is nan, wanted a number in [0, 100]");
  EXPECT_EQ(MessageFor([](auto& r) { r.mutable_sampling()->set_top_p(0); }),
            "sampling.top_p is 0, wanted a number in (0, 1]");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_max_tokens(0); }),
            "max_tokens is 0, wanted at least 1, or the field left out for what fits the context");
  EXPECT_EQ(MessageFor([](auto& r) {
              r.set_max_tokens(2);
              r.set_min_tokens(3);
            }),
            "min_tokens is 3, wanted at most max_tokens, which is 2");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_time_limit_seconds(std::nan("")); }),
            "time_limit_seconds is nan, wanted a number in (0, 86400]");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_logprobs(21); }), "logprobs is 21, wanted at most 20");
  EXPECT_EQ(MessageFor([](auto& r) {
              for (int i = 0; i < 9; ++i) r.add_adapters()->set_name("a");
            }),
            "adapters has 9 items, wanted at most 8");
  EXPECT_EQ(MessageFor([](auto& r) { r.add_adapters(); }), "adapters[0].name is empty, wanted a name");
  EXPECT_EQ(MessageFor([](auto& r) {
              r.add_adapters()->set_name("a");
              r.mutable_adapters(0)->set_scale(std::nanf(""));
            }),
            "adapters[0].scale is nan, wanted a finite number");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_regex(std::string(65537, 'a')); }),
            "regex has 65537 bytes, wanted at most 65536");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_json_schema(std::string(65537, ' ')); }),
            "json_schema has 65537 bytes, wanted at most 65536");
  EXPECT_EQ(MessageFor([](auto& r) { r.add_stop(""); }), "stop[0] is empty, wanted at least one character");
  EXPECT_EQ(MessageFor([](auto& r) {
              for (int i = 0; i < 17; ++i) r.add_stop("x");
            }),
            "stop has 17 strings, wanted at most 16");
  EXPECT_EQ(MessageFor([](auto& r) { r.set_priority(static_cast<v1::Priority>(9)); }),
            "priority is 9 (unknown), wanted PRIORITY_BACKGROUND, PRIORITY_NORMAL or PRIORITY_INTERACTIVE");
  EXPECT_EQ(MessageFor([](auto& r) { r.mutable_messages()->add_messages()->set_content("hi"); }),
            "messages.messages[0].role is 0 (ROLE_UNSPECIFIED), wanted ROLE_SYSTEM, ROLE_USER, "
            "ROLE_ASSISTANT or ROLE_TOOL");
}

TEST(ValidateGenerateTest, TellsAllFieldsThatAreWrong) {
  v1::GenerateRequest request;
  request.set_text("hello");
  request.mutable_sampling()->set_temperature(-1);
  request.set_logprobs(21);
  request.set_time_limit_seconds(0);
  const auto details = GetDetail<google::rpc::BadRequest>(ValidateGenerate(request));
  ASSERT_TRUE(details.has_value());
  ASSERT_EQ(details->field_violations_size(), 3);
  EXPECT_EQ(details->field_violations(0).field(), "sampling.temperature");
  EXPECT_EQ(details->field_violations(0).description(), "is -1, wanted a number in [0, 100]");
  EXPECT_EQ(details->field_violations(1).field(), "logprobs");
  EXPECT_EQ(details->field_violations(2).field(), "time_limit_seconds");
}

TEST(CheckPromptLengthTest, BoundsThePromptByTheContext) {
  v1::Model model;
  model.set_context_length(8);
  EXPECT_TRUE(CheckPromptLength(8, model).ok());
  EXPECT_EQ(CheckPromptLength(9, model).message(),
            "prompt has 9 tokens, wanted at most the model's context length, 8");
  EXPECT_EQ(CheckPromptLength(0, model).message(), "prompt has no tokens, wanted at least one");
}

TEST(AnswerTextTest, LooksForStopsOnlyFromMinTokensOn) {
  AnswerText text({"b"}, 3);
  EXPECT_EQ(text.Append("a"), "a");
  EXPECT_EQ(text.Append("b"), "b");
  EXPECT_FALSE(text.stop().has_value());
  EXPECT_EQ(text.Append("xb"), "x");
  EXPECT_EQ(text.stop(), "b");
}

TEST(AnswerTextTest, HoldsBackPartsOfCharactersAndOfStops) {
  AnswerText text({"stop"}, 0);
  EXPECT_EQ(text.Append("\xe2\x82"), "");
  EXPECT_EQ(text.Append("\xac st"), "\xe2\x82\xac ");
  EXPECT_EQ(text.Append("\xc3"), "");
  EXPECT_EQ(text.Flush(), "st\xef\xbf\xbd");
}

}  // namespace
}  // namespace bitnet

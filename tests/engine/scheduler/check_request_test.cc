#include "engine/scheduler/check_request.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

constexpr RequestLimits kLimits = {.vocab_size = 100, .max_seq_len = 64, .kv_cache_tokens = 48};

absl::Status Check(const std::function<void(GenerationRequest&)>& change) {
  GenerationRequest request = {.prompt = {1, 2, 3}};
  change(request);
  return CheckRequest(request, kLimits);
}

TEST(CheckRequestTest, AcceptsDefaults) {
  EXPECT_TRUE(Check([](auto&) {}).ok());
}

TEST(CheckRequestTest, AcceptsAPromptThatFillsTheCache) {
  EXPECT_TRUE(Check([](auto& r) { r.prompt.assign(48, 99); }).ok());
}

TEST(CheckRequestTest, NamesWhatIsWrong) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    std::function<void(GenerationRequest&)> change;
    const char* message;
  } cases[] = {
      {[](auto& r) { r.prompt.clear(); }, "prompt has no tokens"},
      {[](auto& r) { r.prompt[1] = 100; }, "prompt[1] is 100; the vocabulary has tokens 0 to 99"},
      {[](auto& r) { r.prompt[2] = -1; }, "prompt[2] is -1"},
      {[](auto& r) {
         r.generated = {5, 777};
       },
       "generated[1] is 777"},
      {[](auto& r) { r.stop_tokens = {100}; }, "stop_tokens[0] is 100"},
      {[](auto& r) { r.prompt.assign(49, 1); }, "49 tokens; the KV cache holds 48"},
      {[](auto& r) { r.prompt.assign(65, 1); }, "65 tokens; the context holds 64"},
      {[](auto& r) { r.generated.assign(46, 1); }, "49 tokens"},
      {[](auto& r) {
         r.embed = Pooling::kLast;
         r.generated = {5, 7};
       },
       "generated has 2 tokens; an embedding is of a prompt alone"},
      {[](auto& r) { r.max_tokens = -1; }, "max_tokens is -1"},
      {[](auto& r) { r.min_tokens = -5; }, "min_tokens is -5"},
      {[](auto& r) { r.num_logprobs = -2; }, "num_logprobs is -2"},
      {[](auto& r) { r.num_logprobs = 101; }, "num_logprobs is 101"},
      {[](auto& r) { r.sampling.temperature = -0.5f; }, "temperature is -0.5"},
      {[=](auto& r) { r.sampling.temperature = nan; }, "temperature is nan"},
      {[](auto& r) { r.sampling.top_k = -1; }, "top_k is -1"},
      {[](auto& r) { r.sampling.top_p = 0; }, "top_p is 0; it must be above 0 and at most 1"},
      {[](auto& r) { r.sampling.top_p = 1.5f; }, "top_p is 1.5"},
      {[](auto& r) { r.sampling.min_p = 2; }, "min_p is 2"},
      {[=](auto& r) { r.sampling.min_p = nan; }, "min_p is nan"},
      {[](auto& r) { r.sampling.repetition_penalty = 0; }, "repetition_penalty is 0"},
      {[=](auto& r) { r.sampling.presence_penalty = nan; }, "presence_penalty is nan"},
      {[](auto& r) { r.sampling.frequency_penalty = std::numeric_limits<float>::infinity(); },
       "frequency_penalty is inf"},
  };
  for (const auto& [change, message] : cases) {
    EXPECT_TRUE(IsError(Check(change), absl::StatusCode::kInvalidArgument, message));
  }
}

}  // namespace
}  // namespace bitnet

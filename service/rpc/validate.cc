#include "service/rpc/validate.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr int kMaxStops = 16;
constexpr uint32_t kMaxLogprobs = 20;
constexpr int kMaxAdapters = 8;                   // As engine/generation.h has it.
constexpr size_t kMaxConstraintBytes = 64 << 10;  // As engine/grammar/grammar.h has it.

// Comparisons are written so that NaN fails them.
absl::Status CheckClosed(const char* field, float value, float low, float high) {
  return value >= low && value <= high
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrFormat("%s is %g, wanted a number in [%g, %g]", field, value, low, high));
}

absl::Status CheckAboveZero(const char* field, float value, float high) {
  return value > 0 && value <= high ? absl::OkStatus()
                                    : absl::InvalidArgumentError(absl::StrFormat(
                                          "%s is %g, wanted a number in (0, %g]", field, value, high));
}

absl::Status ValidateSampling(const v1::Sampling& sampling) {
  RETURN_IF_ERROR(CheckClosed("sampling.temperature", sampling.temperature(), 0, 100));
  if (sampling.has_top_p()) {
    RETURN_IF_ERROR(CheckAboveZero("sampling.top_p", sampling.top_p(), 1));
  }
  RETURN_IF_ERROR(CheckClosed("sampling.min_p", sampling.min_p(), 0, 1));
  if (sampling.has_repetition_penalty()) {
    RETURN_IF_ERROR(CheckAboveZero("sampling.repetition_penalty", sampling.repetition_penalty(), 100));
  }
  RETURN_IF_ERROR(CheckClosed("sampling.presence_penalty", sampling.presence_penalty(), -100, 100));
  return CheckClosed("sampling.frequency_penalty", sampling.frequency_penalty(), -100, 100);
}

absl::Status ValidateMessages(const v1::ChatMessages& messages) {
  if (messages.messages().empty()) {
    return absl::InvalidArgumentError("messages.messages is empty, wanted at least one message");
  }
  for (int i = 0; i < messages.messages_size(); ++i) {
    const int role = messages.messages(i).role();
    if (role == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(role)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "messages.messages[%d].role is %d (%s), wanted ROLE_SYSTEM, ROLE_USER or ROLE_ASSISTANT", i, role,
          v1::Role_IsValid(role) ? "ROLE_UNSPECIFIED" : "unknown"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateStops(const v1::GenerateRequest& request) {
  if (request.stop_size() > kMaxStops) {
    return absl::InvalidArgumentError(
        absl::StrFormat("stop has %d strings, wanted at most %d", request.stop_size(), kMaxStops));
  }
  for (int i = 0; i < request.stop_size(); ++i) {
    if (request.stop(i).empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("stop[%d] is empty, wanted at least one character", i));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateAdapters(const v1::GenerateRequest& request) {
  if (request.adapters_size() > kMaxAdapters) {
    return absl::InvalidArgumentError(
        absl::StrFormat("adapters has %d items, wanted at most %d", request.adapters_size(), kMaxAdapters));
  }
  for (int i = 0; i < request.adapters_size(); ++i) {
    if (request.adapters(i).name().empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("adapters[%d].name is empty, wanted a name", i));
    }
    if (!std::isfinite(request.adapters(i).scale())) {
      return absl::InvalidArgumentError(absl::StrFormat("adapters[%d].scale is %g, wanted a finite number", i,
                                                        request.adapters(i).scale()));
    }
  }
  return absl::OkStatus();
}

// What it says is for the worker to judge, which compiles it.
absl::Status ValidateConstraint(const v1::GenerateRequest& request) {
  for (const auto& [field, text] :
       {std::pair("json_schema", &request.json_schema()), std::pair("regex", &request.regex()),
        std::pair("grammar", &request.grammar())}) {
    if (text->size() > kMaxConstraintBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s has %d bytes, wanted at most %d", field, text->size(), kMaxConstraintBytes));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateLimits(const v1::GenerateRequest& request) {
  if (request.has_max_tokens()) {
    if (request.max_tokens() == 0) {
      return absl::InvalidArgumentError(
          "max_tokens is 0, wanted at least 1, or the field left out for what fits the context");
    }
    if (request.min_tokens() > request.max_tokens()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("min_tokens is %d, wanted at most max_tokens, which is %d", request.min_tokens(),
                          request.max_tokens()));
    }
  }
  if (request.logprobs() > kMaxLogprobs) {
    return absl::InvalidArgumentError(
        absl::StrFormat("logprobs is %d, wanted at most %d", request.logprobs(), kMaxLogprobs));
  }
  if (!v1::Priority_IsValid(request.priority())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "priority is %d (unknown), wanted PRIORITY_BACKGROUND, PRIORITY_NORMAL or PRIORITY_INTERACTIVE",
        static_cast<int>(request.priority())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateGenerate(const v1::GenerateRequest& request) {
  switch (request.prompt_case()) {
    case v1::GenerateRequest::kText:
      break;
    case v1::GenerateRequest::kTokenIds:
      if (request.token_ids().ids().empty()) {
        return absl::InvalidArgumentError("token_ids.ids is empty, wanted at least one token id");
      }
      break;
    case v1::GenerateRequest::kMessages:
      RETURN_IF_ERROR(ValidateMessages(request.messages()));
      break;
    case v1::GenerateRequest::PROMPT_NOT_SET:
      return absl::InvalidArgumentError("prompt is not set, wanted one of text, token_ids and messages");
  }
  RETURN_IF_ERROR(ValidateSampling(request.sampling()));
  RETURN_IF_ERROR(ValidateStops(request));
  RETURN_IF_ERROR(ValidateAdapters(request));
  RETURN_IF_ERROR(ValidateConstraint(request));
  return ValidateLimits(request);
}

absl::Status ValidateTokenize(const v1::TokenizeRequest& request) {
  switch (request.input_case()) {
    case v1::TokenizeRequest::kText:
      return absl::OkStatus();
    case v1::TokenizeRequest::kMessages:
      if (request.no_special_tokens()) {
        return absl::InvalidArgumentError(
            "no_special_tokens is true with messages, wanted text: a chat format consists of special tokens");
      }
      return ValidateMessages(request.messages());
    case v1::TokenizeRequest::INPUT_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("input is not set, wanted one of text and messages");
}

absl::Status CheckTokenIds(const char* field, const google::protobuf::RepeatedField<uint32_t>& ids,
                           const v1::Model& model) {
  for (int i = 0; i < ids.size(); ++i) {
    if (ids[i] >= model.vocab_size()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s[%d] is %d, wanted less than the vocabulary's size, %d", field, i, ids[i], model.vocab_size()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIds(const v1::GenerateRequest& request, const v1::Model& model) {
  RETURN_IF_ERROR(CheckTokenIds("token_ids.ids", request.token_ids().ids(), model));
  return CheckTokenIds("stop_token_ids", request.stop_token_ids(), model);
}

absl::Status CheckPromptLength(int prompt_tokens, const v1::Model& model) {
  if (prompt_tokens == 0) {
    return absl::InvalidArgumentError("the prompt has no tokens, wanted at least one");
  }
  if (static_cast<uint32_t>(prompt_tokens) > model.context_length()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the prompt has %d tokens, wanted at most the model's context length, %d",
                        prompt_tokens, model.context_length()));
  }
  return absl::OkStatus();
}

}  // namespace bitnet

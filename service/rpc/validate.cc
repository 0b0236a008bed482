#include "service/rpc/validate.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "service/errors/error_details.h"
#include "service/errors/field_violations.h"

namespace bitnet {
namespace {

constexpr int kMaxStops = 16;
constexpr uint32_t kMaxLogprobs = 20;
constexpr int kMaxAdapters = 8;   // As engine/generation.h has it.
constexpr int kMaxInputs = 2048;  // As OpenAI has it.
constexpr double kMaxTimeLimitSeconds = 86400;
constexpr size_t kMaxConstraintBytes = 64 << 10;  // As engine/grammar/grammar.h has it.

// Comparisons are written so that NaN fails them.
void CheckClosed(FieldViolations& found, const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    found.Add(field, absl::StrFormat("is %g, wanted a number in [%g, %g]", value, low, high));
  }
}

void CheckAboveZero(FieldViolations& found, const char* field, double value, double high) {
  if (!(value > 0 && value <= high)) {
    found.Add(field, absl::StrFormat("is %g, wanted a number in (0, %g]", value, high));
  }
}

void ValidateSampling(FieldViolations& found, const v1::Sampling& sampling) {
  CheckClosed(found, "sampling.temperature", sampling.temperature(), 0, 100);
  if (sampling.has_top_p()) {
    CheckAboveZero(found, "sampling.top_p", sampling.top_p(), 1);
  }
  CheckClosed(found, "sampling.min_p", sampling.min_p(), 0, 1);
  if (sampling.has_repetition_penalty()) {
    CheckAboveZero(found, "sampling.repetition_penalty", sampling.repetition_penalty(), 100);
  }
  CheckClosed(found, "sampling.presence_penalty", sampling.presence_penalty(), -100, 100);
  CheckClosed(found, "sampling.frequency_penalty", sampling.frequency_penalty(), -100, 100);
}

void ValidateMessages(FieldViolations& found, const v1::ChatMessages& messages) {
  if (messages.messages().empty()) {
    found.Add("messages.messages", "is empty, wanted at least one message");
  }
  for (int i = 0; i < messages.messages_size(); ++i) {
    const int role = messages.messages(i).role();
    if (role == v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(role)) {
      found.Add(absl::StrFormat("messages.messages[%d].role", i),
                absl::StrFormat("is %d (%s), wanted ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT or ROLE_TOOL",
                                role, v1::Role_IsValid(role) ? "ROLE_UNSPECIFIED" : "unknown"));
    }
  }
}

void ValidateTokenIds(FieldViolations& found, const std::string& field, const v1::TokenIds& token_ids) {
  if (token_ids.ids().empty()) {
    found.Add(absl::StrCat(field, ".ids"), "is empty, wanted at least one token id");
  }
}

void ValidateInputs(FieldViolations& found, const v1::EmbedRequest& request) {
  if (request.inputs().empty() || request.inputs_size() > kMaxInputs) {
    found.Add("inputs", absl::StrFormat("has %d items, wanted 1 to %d", request.inputs_size(), kMaxInputs));
    return;
  }
  for (int i = 0; i < request.inputs_size(); ++i) {
    const std::string field = absl::StrFormat("inputs[%d]", i);
    switch (request.inputs(i).prompt_case()) {
      case v1::EmbedInput::kText:
        break;
      case v1::EmbedInput::kTokenIds:
        ValidateTokenIds(found, absl::StrCat(field, ".token_ids"), request.inputs(i).token_ids());
        break;
      case v1::EmbedInput::PROMPT_NOT_SET:
        found.Add(absl::StrCat(field, ".prompt"), "is not set, wanted one of text and token_ids");
        break;
    }
  }
}

void ValidatePrompt(FieldViolations& found, const v1::GenerateRequest& request) {
  switch (request.prompt_case()) {
    case v1::GenerateRequest::kText:
      break;
    case v1::GenerateRequest::kTokenIds:
      ValidateTokenIds(found, "token_ids", request.token_ids());
      break;
    case v1::GenerateRequest::kMessages:
      ValidateMessages(found, request.messages());
      break;
    case v1::GenerateRequest::PROMPT_NOT_SET:
      found.Add("prompt", "is not set, wanted one of text, token_ids and messages");
      break;
  }
}

void ValidateStops(FieldViolations& found, const v1::GenerateRequest& request) {
  if (request.stop_size() > kMaxStops) {
    found.Add("stop", absl::StrFormat("has %d strings, wanted at most %d", request.stop_size(), kMaxStops));
  }
  for (int i = 0; i < request.stop_size(); ++i) {
    if (request.stop(i).empty()) {
      found.Add(absl::StrFormat("stop[%d]", i), "is empty, wanted at least one character");
    }
  }
}

void ValidateAdapters(FieldViolations& found,
                      const google::protobuf::RepeatedPtrField<v1::AdapterUse>& adapters) {
  if (adapters.size() > kMaxAdapters) {
    found.Add("adapters", absl::StrFormat("has %d items, wanted at most %d", adapters.size(), kMaxAdapters));
  }
  for (int i = 0; i < adapters.size(); ++i) {
    if (adapters[i].name().empty()) {
      found.Add(absl::StrFormat("adapters[%d].name", i), "is empty, wanted a name");
    }
    if (!std::isfinite(adapters[i].scale())) {
      found.Add(absl::StrFormat("adapters[%d].scale", i),
                absl::StrFormat("is %g, wanted a finite number", adapters[i].scale()));
    }
  }
}

void ValidatePriority(FieldViolations& found, v1::Priority priority) {
  if (!v1::Priority_IsValid(priority)) {
    found.Add("priority",
              absl::StrFormat(
                  "is %d (unknown), wanted PRIORITY_BACKGROUND, PRIORITY_NORMAL or PRIORITY_INTERACTIVE",
                  static_cast<int>(priority)));
  }
}

// What it says is for the worker to judge, which compiles it.
void ValidateConstraint(FieldViolations& found, const v1::GenerateRequest& request) {
  for (const auto& [field, text] :
       {std::pair("json_schema", &request.json_schema()), std::pair("regex", &request.regex()),
        std::pair("grammar", &request.grammar())}) {
    if (text->size() > kMaxConstraintBytes) {
      found.Add(field, absl::StrFormat("has %d bytes, wanted at most %d", text->size(), kMaxConstraintBytes));
    }
  }
}

void ValidateLimits(FieldViolations& found, const v1::GenerateRequest& request) {
  if (request.has_max_tokens() && request.max_tokens() == 0) {
    found.Add("max_tokens", "is 0, wanted at least 1, or the field left out for what fits the context");
  } else if (request.has_max_tokens() && request.min_tokens() > request.max_tokens()) {
    found.Add("min_tokens", absl::StrFormat("is %d, wanted at most max_tokens, which is %d",
                                            request.min_tokens(), request.max_tokens()));
  }
  if (request.logprobs() > kMaxLogprobs) {
    found.Add("logprobs", absl::StrFormat("is %d, wanted at most %d", request.logprobs(), kMaxLogprobs));
  }
  if (request.has_time_limit_seconds()) {
    CheckAboveZero(found, "time_limit_seconds", request.time_limit_seconds(), kMaxTimeLimitSeconds);
  }
  ValidatePriority(found, request.priority());
}

}  // namespace

absl::Status ValidateGenerate(const v1::GenerateRequest& request) {
  FieldViolations found;
  ValidatePrompt(found, request);
  ValidateSampling(found, request.sampling());
  ValidateStops(found, request);
  ValidateAdapters(found, request.adapters());
  ValidateConstraint(found, request);
  ValidateLimits(found, request);
  return found.status();
}

absl::Status ValidateEmbed(const v1::EmbedRequest& request) {
  FieldViolations found;
  ValidateInputs(found, request);
  ValidateAdapters(found, request.adapters());
  ValidatePriority(found, request.priority());
  if (!v1::Pooling_IsValid(request.pooling())) {
    found.Add("pooling", absl::StrFormat("is %d (unknown), wanted POOLING_LAST or POOLING_MEAN",
                                         static_cast<int>(request.pooling())));
  }
  return found.status();
}

absl::Status ValidateTokenize(const v1::TokenizeRequest& request) {
  FieldViolations found;
  switch (request.input_case()) {
    case v1::TokenizeRequest::kText:
      break;
    case v1::TokenizeRequest::kMessages:
      if (request.no_special_tokens()) {
        found.Add("no_special_tokens",
                  "is true with messages, wanted text: a chat format consists of special tokens");
      }
      ValidateMessages(found, request.messages());
      break;
    case v1::TokenizeRequest::INPUT_NOT_SET:
      found.Add("input", "is not set, wanted one of text and messages");
      break;
  }
  return found.status();
}

absl::Status CheckTokenIds(const char* field, const google::protobuf::RepeatedField<uint32_t>& ids,
                           const v1::Model& model) {
  for (int i = 0; i < ids.size(); ++i) {
    if (ids[i] >= model.vocab_size()) {
      return InvalidField(
          absl::StrFormat("%s[%d]", field, i),
          absl::StrFormat("is %d, wanted less than the vocabulary's size, %d", ids[i], model.vocab_size()));
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
    return InvalidField("prompt", "has no tokens, wanted at least one");
  }
  if (static_cast<uint32_t>(prompt_tokens) > model.context_length()) {
    return InvalidField("prompt",
                        absl::StrFormat("has %d tokens, wanted at most the model's context length, %d",
                                        prompt_tokens, model.context_length()));
  }
  return absl::OkStatus();
}

}  // namespace bitnet

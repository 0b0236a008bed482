#include "service/openai/completion_request.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace bitnet::openai {
namespace {

constexpr char kWanted[] =
    "wanted a string, an array of strings, token ids, or an array of arrays of token ids";

bool AreTokenIds(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& id) {
           return id.is_number_unsigned() && id.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
         });
}

std::optional<v1::GenerateRequest> ReadPrompt(const Json& prompt, const v1::GenerateRequest& common) {
  v1::GenerateRequest request = common;
  if (prompt.is_string()) {
    request.set_text(prompt.get<std::string>());
  } else if (AreTokenIds(prompt)) {
    for (const Json& id : prompt) {
      request.mutable_token_ids()->add_ids(id.get<uint32_t>());
    }
  } else {
    return std::nullopt;
  }
  return request;
}

void ReadPrompts(JsonFields& fields, const v1::GenerateRequest& common, CompletionRequest& out) {
  const Json* const prompt = fields.Any("prompt");
  const bool several = prompt != nullptr && prompt->is_array() && !AreTokenIds(*prompt);
  if (prompt == nullptr || (several && prompt->empty())) {
    fields.Refuse("prompt", kWanted);
    return;
  }
  for (const Json& one : several ? *prompt : Json::array({*prompt})) {
    std::optional<v1::GenerateRequest> request = ReadPrompt(one, common);
    if (!request.has_value()) {
      fields.Refuse("prompt", kWanted);
      return;
    }
    out.prompts.push_back(*std::move(request));
  }
}

}  // namespace

absl::StatusOr<CompletionRequest> ReadCompletionRequest(const Json& body) {
  FieldViolations found;
  JsonFields fields(body, "", found);
  CompletionRequest out;
  v1::GenerateRequest common = ReadCommon(fields, out);
  if (const std::optional<int64_t> logprobs = fields.Integer("logprobs", 0, 20)) {
    common.set_logprobs(static_cast<uint32_t>(*logprobs));
    out.logprobs = true;
  }
  out.echo = fields.Bool("echo").value_or(false);
  if (out.echo && out.logprobs) {
    fields.Refuse("echo", "wanted false together with logprobs: a prompt has none here");
  }
  if (const auto best_of = fields.Integer("best_of", 1, kMaxChoices); best_of.value_or(out.n) != out.n) {
    fields.Refuse("best_of",
                  absl::StrCat("wanted n, ", out.n, ": this server returns all that it generates"));
  }
  if (!fields.String("suffix").value_or("").empty()) {
    fields.Refuse("suffix", "wanted none: this server only continues");
  }
  ReadPrompts(fields, common, out);
  const size_t choices = out.prompts.size() * static_cast<size_t>(out.n);
  if (choices > kMaxChoices) {
    found.Add("prompt", absl::StrCat("asks with n for ", choices, " answers, wanted at most ", kMaxChoices));
  }
  RETURN_IF_ERROR(found.status());
  return out;
}

}  // namespace bitnet::openai

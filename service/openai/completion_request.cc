#include "service/openai/completion_request.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/openai/prompts.h"

namespace bitnet::openai {
namespace {

// One request for each prompt.
void AddPrompts(JsonFields& fields, const v1::GenerateRequest& common, CompletionRequest& out) {
  for (v1::EmbedInput& prompt : ReadPrompts(fields, "prompt")) {
    v1::GenerateRequest& request = out.prompts.emplace_back(common);
    if (prompt.has_token_ids()) {
      request.mutable_token_ids()->Swap(prompt.mutable_token_ids());
    } else {
      request.set_text(prompt.text());
    }
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
  AddPrompts(fields, common, out);
  const size_t choices = out.prompts.size() * static_cast<size_t>(out.n);
  if (choices > kMaxChoices) {
    found.Add("prompt", absl::StrCat("asks with n for ", choices, " answers, wanted at most ", kMaxChoices));
  }
  RETURN_IF_ERROR(found.status());
  return out;
}

}  // namespace bitnet::openai

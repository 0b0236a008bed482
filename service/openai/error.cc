#include "service/openai/error.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "service/errors/error_details.h"

namespace bitnet::openai {
namespace {

struct Kind {
  int status;
  const char* type;
};

Kind KindOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return {400, "invalid_request_error"};
    case absl::StatusCode::kUnauthenticated:
      return {401, "authentication_error"};
    case absl::StatusCode::kPermissionDenied:
      return {403, "permission_error"};
    case absl::StatusCode::kNotFound:
      return {404, "not_found_error"};
    case absl::StatusCode::kResourceExhausted:
      return {429, "rate_limit_error"};
    case absl::StatusCode::kUnimplemented:
      return {501, "not_supported_error"};
    case absl::StatusCode::kUnavailable:
      return {503, "unavailable_error"};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, "timeout_error"};
    default:
      return {500, "server_error"};
  }
}

// The field of the request's JSON that one of v1::GenerateRequest or v1::EmbedRequest was read from.
std::string ParamOf(absl::string_view field) {
  absl::ConsumePrefix(&field, "sampling.");
  absl::ConsumePrefix(&field, "messages.");     // Of messages.messages.
  if (absl::ConsumePrefix(&field, "inputs")) {  // "inputs[3].prompt" of v1::EmbedRequest.
    return absl::StrCat("input", field.substr(0, field.find('.')));
  }
  if (absl::StartsWith(field, "token_ids")) {
    return "prompt";
  }
  if (field == "json_schema" || field == "json_object") {
    return "response_format";
  }
  return std::string(field);
}

}  // namespace

Json ErrorJson(const absl::Status& status) {
  const std::string field = FirstWrongField(status);
  std::string message(status.message());
  std::string param = ParamOf(field);
  if (!field.empty() && absl::StartsWith(message, field)) {
    message = absl::StrCat(param, message.substr(field.size()));
  }
  const std::string reason = ReasonOf(status);
  return {{"error",
           {{"message", std::move(message)},
            {"type", KindOf(status.code()).type},
            {"param", param.empty() ? Json() : Json(std::move(param))},
            {"code", reason.empty() ? Json() : Json(reason)}}}};
}

HttpAnswer JsonAnswer(const Json& json) {
  return {.content_type = "application/json; charset=utf-8", .body = Dump(json)};
}

HttpAnswer ErrorAnswer(const absl::Status& status) {
  HttpAnswer answer = JsonAnswer(ErrorJson(status));
  answer.status = KindOf(status.code()).status;
  if (const auto delay = RetryDelayOf(status)) {
    const double seconds = absl::ToDoubleSeconds(*delay);
    answer.headers.emplace_back("Retry-After", absl::StrCat(static_cast<int64_t>(std::ceil(seconds))));
    answer.headers.emplace_back("Retry-After-Ms",
                                absl::StrCat(static_cast<int64_t>(std::ceil(seconds * 1000))));
  } else if (answer.status == 503) {
    answer.headers.emplace_back("Retry-After", "1");
  }
  if (answer.status == 401) {
    answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return answer;
}

}  // namespace bitnet::openai

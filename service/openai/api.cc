#include "service/openai/api.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/openai/chat_request.h"
#include "service/openai/completion_request.h"
#include "service/openai/completions.h"
#include "service/openai/embeddings.h"
#include "service/openai/error.h"
#include "service/openai/json.h"
#include "service/openai/models.h"
#include "service/openai/tokenize.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet::openai {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kModels = "/v1/models";

using Post = awaitable<void> (*)(HttpExchange& exchange, const Json& body, const Serving& serving);

struct Route {
  std::string_view path;
  Post answer;
};

constexpr Route kRoutes[] = {{"/v1/chat/completions", AnswerChat},
                             {"/v1/completions", AnswerCompletion},
                             {"/v1/embeddings", AnswerEmbeddings},
                             {"/tokenize", AnswerTokenize},
                             {"/detokenize", AnswerDetokenize}};

const Route* FindRoute(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.path == path) {
      return &route;
    }
  }
  return nullptr;
}

HttpAnswer Problem(int status, std::string_view why) {
  return {
      .status = status,
      .content_type = "application/json; charset=utf-8",
      .body = Dump(
          {{"error",
            {{"message", why}, {"type", "invalid_request_error"}, {"param", nullptr}, {"code", nullptr}}}})};
}

HttpAnswer WrongMethod(std::string_view wanted) {
  HttpAnswer answer = Problem(405, absl::StrCat("use ", std::string(wanted)));
  answer.headers.emplace_back("Allow", wanted);
  return answer;
}

// A web page may send other types to any server without being asked; this one it may not.
bool IsJson(std::string_view content_type) {
  return absl::StartsWithIgnoreCase({content_type.data(), content_type.size()}, "application/json");
}

// What can be said without reading the request's body.
std::optional<HttpAnswer> AnswerEarly(const HttpExchange& exchange, const Serving& serving) {
  const std::string_view path = exchange.path();
  if (path == kModels || path.starts_with("/v1/models/")) {
    return exchange.method() == "GET" ? AnswerModels(exchange, serving) : WrongMethod("GET");
  }
  if (FindRoute(path) == nullptr) {
    return Problem(404,
                   absl::StrCat("there is no ", std::string(path),
                                " here; there are /v1/chat/completions, /v1/completions, /v1/embeddings, "
                                "/v1/models, /tokenize and /detokenize"));
  }
  if (exchange.method() != "POST") {
    return WrongMethod("POST");
  }
  if (!IsJson(exchange.header("Content-Type"))) {
    return Problem(415, "the request's Content-Type is not application/json");
  }
  return std::nullopt;
}

}  // namespace

bool Api::Serves(std::string_view path) const {
  return path.starts_with("/v1/") || FindRoute(path) != nullptr;
}

HttpAnswer Api::Refuse(int status, std::string_view why) const { return Problem(status, why); }

awaitable<void> Api::Answer(HttpExchange& exchange) {
  std::optional<HttpAnswer> early =
      allowed_.ok() ? AnswerEarly(exchange, serving_) : std::optional(ErrorAnswer(allowed_));
  const Json body = early.has_value() ? Json() : ParseJson(exchange.body());
  if (!early.has_value() && !body.is_object()) {
    early = Problem(
        400, absl::StrCat("the request's body is not a JSON object of at most ", kMaxJsonDepth, " levels"));
  }
  if (early.has_value()) {
    co_await exchange.Send(*std::move(early));
  } else {
    co_await FindRoute(exchange.path())->answer(exchange, body, serving_);
  }
}

}  // namespace bitnet::openai

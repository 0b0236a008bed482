#include "service/openai/tokenize.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "base/utf8_stream.h"
#include "service/http/worker_call.h"
#include "service/openai/chat_request.h"
#include "service/openai/error.h"
#include "service/openai/json_fields.h"
#include "service/rpc/validate.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet::openai {
namespace {

using boost::asio::awaitable;

using TokenizeCall = WorkerCall<v1::TokenizeRequest, v1::TokenizeResponse>;
using DetokenizeCall = WorkerCall<v1::DetokenizeRequest, worker::v1::DetokenizeResponse>;

// Who asks, of which model.
struct Context {
  Authenticator::Admitted caller;
  ServedModel* served = nullptr;
  v1::Model model = {};
  WorkerLease worker = {};
};

absl::StatusOr<Context> Admit(const HttpExchange& exchange, const std::string& model,
                              const Serving& serving) {
  Context context;
  ASSIGN_OR_RETURN(context.caller, serving.callers.Admit(exchange.header("Authorization")));
  RETURN_IF_ERROR(serving.calls.CheckOpen());
  ASSIGN_OR_RETURN(context.served, serving.models.Find(model));
  ASSIGN_OR_RETURN(context.model, context.served->Facts());
  ASSIGN_OR_RETURN(context.worker, context.served->pool().Pick({}));
  return context;
}

absl::StatusOr<v1::TokenizeRequest> ReadTokenize(const Json& body) {
  FieldViolations found;
  JsonFields fields(body, "", found);
  v1::TokenizeRequest request;
  request.set_model(fields.String("model").value_or(""));
  request.set_no_special_tokens(!fields.Bool("add_special_tokens").value_or(true));
  if (fields.Any("messages") != nullptr) {
    *request.mutable_messages() = ReadMessages(fields);
    if (const Json* const tools = fields.Array("tools"); tools != nullptr && !tools->empty()) {
      request.mutable_messages()->set_tools(Dump(*tools));
    }
  }
  for (const char* name : {"text", "content", "prompt"}) {
    if (std::optional<std::string> text = fields.String(name)) {
      request.set_text(*std::move(text));
    }
  }
  RETURN_IF_ERROR(found.status());
  RETURN_IF_ERROR(ValidateTokenize(request));
  return request;
}

absl::StatusOr<v1::DetokenizeRequest> ReadDetokenize(const Json& body) {
  FieldViolations found;
  JsonFields fields(body, "", found);
  v1::DetokenizeRequest request;
  request.set_model(fields.String("model").value_or(""));
  const Json* const tokens = fields.Array("tokens");
  if (tokens == nullptr) {
    fields.Refuse("tokens", "wanted an array of token ids");
  } else {
    for (const Json& token : *tokens) {
      if (!token.is_number_unsigned() || token.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) {
        fields.Refuse("tokens", "wanted an array of token ids");
        break;
      }
      request.add_ids(token.get<uint32_t>());
    }
  }
  RETURN_IF_ERROR(found.status());
  return request;
}

Json TokensJson(const v1::TokenizeResponse& response, const v1::Model& model) {
  Json tokens = Json::array();
  for (const uint32_t id : response.ids()) {
    tokens.push_back(id);
  }
  return {{"tokens", std::move(tokens)},
          {"count", response.ids_size()},
          {"max_model_len", model.context_length()}};
}

Json TextJson(const worker::v1::DetokenizeResponse& response) { return {{"text", ToUtf8(response.bytes())}}; }

awaitable<absl::StatusOr<Json>> Tokenize(HttpExchange& exchange, const Json& body, const Serving& serving) {
  absl::StatusOr<v1::TokenizeRequest> request = ReadTokenize(body);
  if (!request.ok()) {
    co_return request.status();
  }
  absl::StatusOr<Context> context = Admit(exchange, request->model(), serving);
  if (!context.ok()) {
    co_return context.status();
  }
  const auto call = std::make_shared<TokenizeCall>(&serving.calls, std::move(context->worker));
  call->request = *std::move(request);
  if (absl::Status status = co_await call->Run(&worker::v1::WorkerService::Stub::async::Tokenize, exchange);
      !status.ok()) {
    co_return status;
  }
  co_return TokensJson(call->response, context->model);
}

awaitable<absl::StatusOr<Json>> Detokenize(HttpExchange& exchange, const Json& body, const Serving& serving) {
  absl::StatusOr<v1::DetokenizeRequest> request = ReadDetokenize(body);
  if (!request.ok()) {
    co_return request.status();
  }
  absl::StatusOr<Context> context = Admit(exchange, request->model(), serving);
  if (!context.ok()) {
    co_return context.status();
  }
  if (absl::Status status = CheckTokenIds("tokens", request->ids(), context->model); !status.ok()) {
    co_return status;
  }
  const auto call = std::make_shared<DetokenizeCall>(&serving.calls, std::move(context->worker));
  call->request = *std::move(request);
  if (absl::Status status = co_await call->Run(&worker::v1::WorkerService::Stub::async::Detokenize, exchange);
      !status.ok()) {
    co_return status;
  }
  co_return TextJson(call->response);
}

// Counts the request, and tells its client.
awaitable<void> Reply(HttpExchange& exchange, const char* method, const std::string& model,
                      const absl::StatusOr<Json>& json, absl::Time arrived, const Serving& serving) {
  const absl::StatusOr<ServedModel*> served = serving.models.Find(model);
  ModelMetrics& metrics = served.ok() ? (*served)->metrics() : serving.metrics.ForModel("");
  metrics.CountEnd(method, json.status(), absl::Now() - arrived);
  // GCC 12 destroys a conditional's value twice if it stands in the co_await.
  HttpAnswer answer = json.ok() ? JsonAnswer(*json) : ErrorAnswer(serving.admission.WithRetry(json.status()));
  co_await exchange.Send(std::move(answer));
}

std::string ModelOf(const Json& body) {
  const auto it = body.find("model");
  return it != body.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

awaitable<void> AnswerTokenize(HttpExchange& exchange, const Json& body, const Serving& serving) {
  const absl::Time arrived = absl::Now();
  const absl::StatusOr<Json> json = co_await Tokenize(exchange, body, serving);
  co_await Reply(exchange, "Tokenize", ModelOf(body), json, arrived, serving);
}

awaitable<void> AnswerDetokenize(HttpExchange& exchange, const Json& body, const Serving& serving) {
  const absl::Time arrived = absl::Now();
  const absl::StatusOr<Json> json = co_await Detokenize(exchange, body, serving);
  co_await Reply(exchange, "Detokenize", ModelOf(body), json, arrived, serving);
}

}  // namespace bitnet::openai

#include "service/openai/embeddings.h"

#include <atomic>
#include <bit>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/errors/field_violations.h"
#include "service/openai/embeddings_request.h"
#include "service/openai/error.h"
#include "service/openai/models.h"
#include "service/openai/usage.h"
#include "service/rpc/make_answer.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet::openai {
namespace {

using boost::asio::awaitable;

constexpr char kMethod[] = "Embeddings";

// What the session brings, and the coroutine waits for.
struct Outcome {
  std::atomic<bool> there = false;
  std::optional<EmbedSession::Result> result;  // Once it is.
};

// One that is not known yet, or not served, is left to the session.
absl::Status CheckDimensions(const EmbeddingsRequest& request, const Serving& serving) {
  const absl::StatusOr<ServedModel*> served = serving.models.Find(request.request.model());
  const absl::StatusOr<v1::Model> model = served.ok() ? (*served)->Facts() : served.status();
  if (!request.dimensions.has_value() || !model.ok() || model->hidden_dim() == *request.dimensions) {
    return absl::OkStatus();
  }
  return InvalidField("dimensions", absl::StrCat("is ", *request.dimensions, ", wanted ", model->hidden_dim(),
                                                 ", which the model's vectors have, or none"));
}

absl::StatusOr<EmbeddingsRequest> ReadRequest(const Json& body, const Serving& serving) {
  ASSIGN_OR_RETURN(EmbeddingsRequest request, ReadEmbeddingsRequest(body));
  ResolveModel(serving, request.request);
  RETURN_IF_ERROR(CheckDimensions(request, serving));
  return request;
}

Json VectorJson(const v1::Embedding& embedding, bool base64) {
  if (!base64) {
    return Json::array_t(embedding.values().begin(), embedding.values().end());
  }
  static_assert(std::endian::native == std::endian::little, "as clients read it");
  const auto* const bytes = reinterpret_cast<const char*>(embedding.values().data());
  return absl::Base64Escape({bytes, static_cast<size_t>(embedding.values_size()) * sizeof(float)});
}

Json AnswerJson(const v1::EmbedResponse& response, std::string_view model, bool base64) {
  Json data = Json::array();
  for (const v1::Embedding& embedding : response.embeddings()) {
    data.push_back(
        {{"object", "embedding"}, {"index", data.size()}, {"embedding", VectorJson(embedding, base64)}});
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model},
          {"usage", EmbedUsageJson(response.usage())}};
}

}  // namespace

awaitable<void> AnswerEmbeddings(HttpExchange& exchange, const Json& body, const Serving& serving) {
  const absl::StatusOr<EmbeddingsRequest> request = ReadRequest(body, serving);
  if (!request.ok()) {
    serving.metrics.CountRefusal(kMethod, request.status());
    co_await exchange.Send(ErrorAnswer(request.status()));
    co_return;
  }
  const absl::StatusOr<std::shared_ptr<EmbedSession>> session =
      MakeEmbeddings(request->request, kMethod, exchange.header("Authorization"), exchange.peer(), serving);
  if (!session.ok()) {
    serving.metrics.CountRefusal(kMethod, session.status());
    co_await exchange.Send(ErrorAnswer(serving.admission.WithRetry(session.status())));
    co_return;
  }
  const auto outcome = std::make_shared<Outcome>();
  (*session)->Start(std::chrono::system_clock::time_point::max(),
                    [outcome, wakeup = exchange.wakeup()](EmbedSession::Result result) {
                      outcome->result = std::move(result);
                      outcome->there = true;
                      wakeup->Notify();
                    });
  exchange.WatchClient();
  while (!outcome->there && !exchange.client_gone()) {
    co_await exchange.Wait(absl::InfiniteDuration());
  }
  if (!outcome->there) {
    (*session)->End(absl::CancelledError("the client has gone"));
    co_return;
  }
  const EmbedSession::Result& result = *outcome->result;
  HttpAnswer answer =
      result.ok() ? JsonAnswer(AnswerJson(*result, request->model.empty() ? result->model() : request->model,
                                          request->base64))
                  : ErrorAnswer(result.status());
  answer.headers.emplace_back("X-Request-Id", (*session)->request_id());
  co_await exchange.Send(std::move(answer));
}

}  // namespace bitnet::openai

#include "service/openai/models.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/errors/error_details.h"
#include "service/openai/error.h"
#include "service/openai/json.h"

namespace bitnet::openai {
namespace {

Json Entry(const std::string& id, const v1::Model& model) {
  return {{"id", id},
          {"object", "model"},
          {"created", 0},
          {"owned_by", "bitnet"},
          {"root", model.name()},
          {"parent", nullptr},
          {"max_model_len", model.context_length()},
          {"architecture", model.architecture()},
          {"parameters", model.parameters()},
          {"ready", model.state() == v1::MODEL_STATE_READY}};
}

// Names, aliases, adapters.
std::vector<Json> Entries(const Serving& serving) {
  std::vector<Json> entries;
  for (const std::unique_ptr<ServedModel>& served : serving.models.models()) {
    const v1::Model model = served->Describe();
    entries.push_back(Entry(served->name(), model));
    for (const std::string& alias : served->aliases()) {
      entries.push_back(Entry(alias, model));
    }
    for (const v1::Adapter& adapter : served->adapters().list()) {
      Json entry = Entry(adapter.name(), model);
      entry["parent"] = served->name();
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

template <typename Request>
void Resolve(const Serving& serving, Request& request) {
  if (serving.models.Find(request.model()).ok()) {
    return;
  }
  for (const std::unique_ptr<ServedModel>& served : serving.models.models()) {
    for (const v1::Adapter& adapter : served->adapters().list()) {
      if (adapter.name() == request.model()) {
        request.add_adapters()->set_name(adapter.name());
        request.set_model(served->name());
        return;
      }
    }
  }
}

}  // namespace

HttpAnswer AnswerModels(const HttpExchange& exchange, const Serving& serving) {
  if (const auto caller = serving.callers.Identify(exchange.header("Authorization")); !caller.ok()) {
    return ErrorAnswer(caller.status());
  }
  std::vector<Json> entries = Entries(serving);
  constexpr std::string_view kOne = "/v1/models/";
  if (!exchange.path().starts_with(kOne)) {
    return JsonAnswer({{"object", "list"}, {"data", std::move(entries)}});
  }
  const std::string_view name = exchange.path().substr(kOne.size());
  for (const Json& entry : entries) {
    if (entry["id"] == name) {
      return JsonAnswer(entry);
    }
  }
  return ErrorAnswer(WithReason(
      absl::NotFoundError(absl::StrCat("there is no model \"", std::string(name), "\"; see /v1/models")),
      "MODEL_NOT_SERVED"));
}

void ResolveModel(const Serving& serving, v1::GenerateRequest& request) { Resolve(serving, request); }
void ResolveModel(const Serving& serving, v1::EmbedRequest& request) { Resolve(serving, request); }

}  // namespace bitnet::openai

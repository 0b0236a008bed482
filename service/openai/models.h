// The models and adapters that a client may name.
#pragma once

#include "absl/status/status.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/http/http_answer.h"
#include "service/http/http_exchange.h"
#include "service/rpc/serving.h"

namespace bitnet::openai {

// GET /v1/models, and of one: /v1/models/NAME.
HttpAnswer AnswerModels(const HttpExchange& exchange, const Serving& serving);

// Where `request.model` is the name of an adapter, sets the model that has it, and the adapter. A model's own
// name counts first. A name that is neither stays, to be refused.
void ResolveModel(const Serving& serving, v1::GenerateRequest& request);
void ResolveModel(const Serving& serving, v1::EmbedRequest& request);

}  // namespace bitnet::openai

// Vectors of texts.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "boost/asio/awaitable.hpp"
#include "service/http/http_exchange.h"
#include "service/openai/json.h"
#include "service/rpc/serving.h"

namespace bitnet::openai {

// POST /v1/embeddings, as InferenceService.Embed. Vectors have the width that the model has: other
// `dimensions` are refused, for a part of a vector means something only where a model was trained for it
// (Matryoshka).
boost::asio::awaitable<void> AnswerEmbeddings(HttpExchange& exchange, const Json& body,
                                              const Serving& serving);

}  // namespace bitnet::openai

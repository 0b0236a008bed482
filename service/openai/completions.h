// Answers in text and in chats.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "boost/asio/awaitable.hpp"
#include "service/http/http_exchange.h"
#include "service/openai/json.h"
#include "service/rpc/serving.h"

namespace bitnet::openai {

// POST /v1/chat/completions, /v1/completions: whole, or as server-sent events. An error before the first
// event is an HTTP status; after it, a last event {"error": ...} without "[DONE]" behind it. While nothing
// comes for call_times.heartbeat, an event stream gets a comment.
boost::asio::awaitable<void> AnswerChat(HttpExchange& exchange, const Json& body, const Serving& serving);
boost::asio::awaitable<void> AnswerCompletion(HttpExchange& exchange, const Json& body,
                                              const Serving& serving);

}  // namespace bitnet::openai

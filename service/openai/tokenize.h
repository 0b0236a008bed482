// Tokens of texts, and texts of tokens.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "boost/asio/awaitable.hpp"
#include "service/http/http_exchange.h"
#include "service/openai/json.h"
#include "service/rpc/serving.h"

namespace bitnet::openai {

// POST /tokenize {"model", "text" or "messages" (and "tools"), "add_special_tokens": true} gives {"tokens":
// [ids], "count", "max_model_len"}. "content" and "prompt" are other names of "text".
boost::asio::awaitable<void> AnswerTokenize(HttpExchange& exchange, const Json& body, const Serving& serving);
// POST /detokenize {"model", "tokens": [ids]} gives {"text"}.
boost::asio::awaitable<void> AnswerDetokenize(HttpExchange& exchange, const Json& body,
                                              const Serving& serving);

}  // namespace bitnet::openai

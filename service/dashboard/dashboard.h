// The live page, and the metrics that it draws.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "service/http/http_answer.h"
#include "service/http/http_api.h"

namespace bitnet {

// GET / and /dashboard/FILE: the page, which anybody may have. GET /events: the text of /metrics every second
// as server-sent events, for those who may see it.
class Dashboard final : public HttpApi {
 public:
  explicit Dashboard(HttpSources sources) : sources_(std::move(sources)) {}

  bool Serves(std::string_view path) const override;
  boost::asio::awaitable<void> Answer(HttpExchange& exchange) override;
  HttpAnswer Refuse(int status, std::string_view why) const override;

 private:
  boost::asio::awaitable<void> StreamMetrics(HttpExchange& exchange);

  const HttpSources sources_;
};

}  // namespace bitnet

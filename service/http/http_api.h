// What an HTTP listener serves beside its own pages.
#pragma once

#include <string_view>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "boost/asio/awaitable.hpp"
#include "service/http/http_exchange.h"

namespace bitnet {

class HttpApi {
 public:
  virtual ~HttpApi() = default;
  // Whether it answers requests of this path, whatever their method.
  virtual bool Serves(std::string_view path) const = 0;
  // Answers on the listener's thread, which it must not block. Destroyed half-way when the listener is.
  virtual boost::asio::awaitable<void> Answer(HttpExchange& exchange) = 0;
  // To a request whose body is larger than is taken, or cannot be read.
  virtual HttpAnswer Refuse(int status, std::string_view why) const = 0;
};

}  // namespace bitnet

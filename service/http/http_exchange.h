// One HTTP request and its answer, for coroutines that answer it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/string_body.hpp"
#include "service/http/client_watch.h"
#include "service/http/http_answer.h"
#include "service/http/wakeup.h"

namespace bitnet {

// Answered once: with Send, or with server-sent events, BeginEvents to EndEvents. What cannot be written any
// more, the client being gone or taking nothing for too long, is dropped, and client_gone() says so.
class HttpExchange {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  // Borrows `stream`. A write may take `write_limit`. `headers` go with every answer.
  HttpExchange(boost::beast::tcp_stream* stream, Request request, absl::Duration write_limit,
               HttpHeaders headers);

  std::string_view method() const;
  std::string_view path() const;                         // Without the query.
  std::string_view header(std::string_view name) const;  // "" if there is none.
  const std::string& body() const { return request_.body(); }
  // Who asks, in gRPC's spelling: "ipv4:127.0.0.1:41234".
  const std::string& peer() const { return peer_; }

  boost::asio::awaitable<void> Send(HttpAnswer answer);
  // Headers of the answer, and of it alone.
  boost::asio::awaitable<void> BeginEvents(const HttpHeaders& headers);
  // Lines of the protocol, as they are.
  boost::asio::awaitable<void> SendEvents(std::string lines);
  // Without it the client sees that the answer is not complete.
  boost::asio::awaitable<void> EndEvents();

  // Watches for a client that hangs up, from now to the end of the answer.
  void WatchClient();
  // What wakes the coroutine, and what it waits for.
  const std::shared_ptr<Wakeup>& wakeup() const { return wakeup_; }
  boost::asio::awaitable<void> Wait(absl::Duration at_most) { return wakeup_->Wait(at_most); }
  bool client_gone() const { return broken_ || (watch_ != nullptr && watch_->gone()); }

  // Once the coroutine has returned: whether another request may follow on the connection.
  boost::asio::awaitable<bool> Finish();

 private:
  template <typename Buffers>
  boost::asio::awaitable<void> Write(const Buffers& buffers);
  // Of HTTP/1.0, which has no chunks: an answer of unknown length ends with the connection.
  bool chunked() const { return request_.version() >= 11; }

  boost::beast::tcp_stream* const stream_;
  const Request request_;
  const absl::Duration write_limit_;
  const HttpHeaders headers_;
  const std::string peer_;
  const std::shared_ptr<Wakeup> wakeup_;
  std::unique_ptr<ClientWatch> watch_;
  bool answered_ = false;  // Wholly.
  bool broken_ = false;
};

}  // namespace bitnet

#include "service/http/http_server.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr uint32_t kMaxHeaderBytes = 8 << 10;

absl::StatusOr<tcp::endpoint> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") {
    host = "127.0.0.1";
  }
  error_code error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  uint32_t port = 0;
  if (colon == std::string::npos || error || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address \"", address, "\": wanted an IP address and a port, like 127.0.0.1:8080"));
  }
  return tcp::endpoint(ip, static_cast<uint16_t>(port));
}

http::response<http::string_body> Response(const HttpAnswer& answer, unsigned version, bool keep_alive) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::content_type, answer.content_type);
  if (!answer.allow.empty()) {
    response.set(http::field::allow, answer.allow);
  }
  if (answer.wants_token) {
    response.set(http::field::www_authenticate, "Bearer");
  }
  response.body() = answer.body;
  response.keep_alive(keep_alive);
  response.prepare_payload();
  return response;
}

HttpAnswer BadRequest(const error_code& error) {
  if (error == http::error::header_limit) {
    return {.status = 431, .body = "the headers are too long\n"};
  }
  if (error == http::error::body_limit) {
    return {.status = 413, .body = "a request body is not taken here\n"};
  }
  return {.status = 400, .body = absl::StrCat(error.message(), "\n")};
}

}  // namespace

struct HttpServer::Listener {
  HttpServerOptions options;
  HttpSources sources;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  int connections = 0;
  asio::steady_timer slot{context};  // Expires never; cancelled when a connection has ended.

  absl::Status Listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
      acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
      acceptor.bind(endpoint, error);
    }
    if (!error) {
      acceptor.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (error) {
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP at ", options.address, ": ",
                                                 error.message(), "; name another address with --http"));
    }
    return absl::OkStatus();
  }

  asio::awaitable<void> Accept() {
    for (;;) {
      error_code error;
      while (connections >= options.max_connections) {
        slot.expires_at(asio::steady_timer::time_point::max());
        co_await slot.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) {  // Out of descriptors, say: a little later there may be some again.
        spdlog::warn("HTTP accept: {}", error.message());
        slot.expires_after(std::chrono::milliseconds(100));
        co_await slot.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      ++connections;
      asio::co_spawn(context, Serve(beast::tcp_stream(std::move(socket))), asio::detached);
    }
  }

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    while (co_await ServeOne(stream, buffer)) {
    }
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    --connections;
    slot.cancel();
  }

  // False once the connection is to be closed.
  asio::awaitable<bool> ServeOne(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    error_code error;
    stream.expires_after(absl::ToChronoNanoseconds(options.timeout));
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        (error && error.category() != http::make_error_code(http::error::bad_method).category())) {
      co_return false;
    }
    HttpAnswer answer;
    unsigned version = 11;
    bool keep_alive = false;
    bool head = false;
    if (error) {
      answer = BadRequest(error == http::error::unexpected_body ? make_error_code(http::error::body_limit)
                                                                : error);
    } else {
      const auto& request = parser.get();
      version = request.version();
      keep_alive = request.keep_alive();
      head = request.method() == http::verb::head;
      const beast::string_view authorization = request[http::field::authorization];
      answer = AnswerHttp({request.method_string().data(), request.method_string().size()},
                          {request.target().data(), request.target().size()},
                          {authorization.data(), authorization.size()}, sources);
    }
    http::response<http::string_body> response = Response(answer, version, keep_alive);
    stream.expires_after(absl::ToChronoNanoseconds(options.timeout));
    http::response_serializer<http::string_body> serializer(response);
    if (head) {
      co_await http::async_write_header(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await http::async_write(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
    }
    co_return !error && keep_alive;
  }
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              HttpSources sources) {
  absl::StatusOr<tcp::endpoint> endpoint = ParseAddress(options.address);
  if (!endpoint.ok()) {
    return endpoint.status();
  }
  auto listener = std::make_unique<Listener>();
  listener->options = options;
  listener->sources = std::move(sources);
  if (absl::Status status = listener->Listen(*endpoint); !status.ok()) {
    return status;
  }
  const std::string host = options.address.substr(0, options.address.rfind(':'));
  std::string address = absl::StrCat(host, ":", listener->acceptor.local_endpoint().port());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener), std::move(address)));
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener, std::string address)
    : listener_(std::move(listener)), address_(std::move(address)) {
  asio::co_spawn(listener_->context, listener_->Accept(), asio::detached);
  thread_ = std::thread([this] { listener_->context.run(); });
}

HttpServer::~HttpServer() {
  listener_->context.stop();
  thread_.join();
}

}  // namespace bitnet

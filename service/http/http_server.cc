#include "service/http/http_server.h"

#include <cstdint>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "service/net/tcp_server.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr uint32_t kMaxHeaderBytes = 8 << 10;

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

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    while (co_await ServeOne(stream, buffer)) {
    }
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
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
  auto listener = std::make_unique<Listener>();
  listener->options = options;
  listener->sources = std::move(sources);
  ASSIGN_OR_RETURN(std::unique_ptr<TcpServer> server,
                   TcpServer::Start({.name = "HTTP",
                                     .flag = "--http",
                                     .address = options.address,
                                     .max_connections = options.max_connections},
                                    [listener = listener.get()](tcp::socket socket) {
                                      return listener->Serve(beast::tcp_stream(std::move(socket)));
                                    }));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener), std::move(server)));
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener, std::unique_ptr<TcpServer> server)
    : listener_(std::move(listener)), server_(std::move(server)) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return server_->address(); }

}  // namespace bitnet

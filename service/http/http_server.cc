#include "service/http/http_server.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.
#include <vector>

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
#include "boost/beast/http/rfc7230.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "service/http/cors.h"
#include "service/http/http_api.h"
#include "service/http/http_exchange.h"
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
using Parser = http::request_parser<http::string_body>;

constexpr uint32_t kMaxHeaderBytes = 8 << 10;

struct Problem {
  int status;
  std::string text;
};

// What is said of a request that cannot be read; none if nobody is there to be told.
std::optional<Problem> ProblemOf(const error_code& error) {
  if (error == http::error::header_limit) {
    return Problem{431, "the headers are too long"};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_method).category()) {
    return std::nullopt;
  }
  return Problem{400, error.message()};
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

asio::awaitable<void> SendContinue(beast::tcp_stream& stream, unsigned version) {
  http::response<http::empty_body> response(http::status::continue_, version);
  error_code ignored;
  co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

struct HttpServer::Listener {
  HttpServerOptions options;
  HttpSources sources;
  std::vector<HttpApi*> apis;

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    while (co_await ServeOne(stream, buffer)) {
    }
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  // False once the connection is to be closed.
  asio::awaitable<bool> ServeOne(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
    Parser parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(options.max_body_bytes);
    error_code error;
    stream.expires_after(absl::ToChronoNanoseconds(options.timeout));
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await Refuse(stream, parser, BodyProblem(error));
      co_return false;
    }
    HttpApi* const api = ApiFor(parser);
    if (std::optional<Problem> problem = BodyProblem(parser, api != nullptr)) {
      co_await Refuse(stream, parser, std::move(problem));
      co_return false;
    }
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      co_await SendContinue(stream, parser.get().version());
    }
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await Refuse(stream, parser, BodyProblem(error));
      co_return false;
    }
    HttpHeaders cors = CorsHeaders(options.cors_origins, View(parser.get()[http::field::origin]));
    const bool may_preflight = !cors.empty() && parser.get().method() == http::verb::options;
    HttpExchange exchange(&stream, parser.release(), options.slow_reader, std::move(cors));
    if (may_preflight) {
      co_await exchange.Send(CorsPreflight());
    } else if (api != nullptr) {
      co_await api->Answer(exchange);
    } else {
      co_await exchange.Send(
          AnswerHttp(exchange.method(), exchange.path(), exchange.header("Authorization"), sources));
    }
    co_return co_await exchange.Finish();
  }

  // Null: it is for an operator's page.
  HttpApi* ApiFor(const Parser& parser) const {
    const std::string_view path = PathOf(View(parser.get().target()));
    for (HttpApi* const api : apis) {
      if (api->Serves(path)) {
        return api;
      }
    }
    return nullptr;
  }

  // Known from the headers alone.
  std::optional<Problem> BodyProblem(const Parser& parser, bool is_for_api) const {
    const uint64_t limit = is_for_api ? options.max_body_bytes : 0;
    if (parser.chunked() ? limit == 0 : parser.content_length().value_or(0) > limit) {
      return TooLarge(limit);
    }
    return std::nullopt;
  }
  std::optional<Problem> BodyProblem(const error_code& error) const {
    return error == http::error::body_limit ? TooLarge(options.max_body_bytes) : ProblemOf(error);
  }
  static Problem TooLarge(uint64_t limit) {
    return {413, limit == 0 ? "a request body is not taken here"
                            : absl::StrCat("the request body is larger than ", limit, " bytes")};
  }

  asio::awaitable<void> Refuse(beast::tcp_stream& stream, Parser& parser, std::optional<Problem> problem) {
    if (!problem.has_value()) {
      co_return;
    }
    const HttpApi* const api = ApiFor(parser);
    HttpAnswer answer = api != nullptr ? api->Refuse(problem->status, problem->text)
                                       : HttpAnswer{.status = problem->status, .body = problem->text + "\n"};
    http::request<http::string_body> request(http::verb::post, "/", 11);  // The connection ends with it.
    request.keep_alive(false);
    HttpExchange exchange(&stream, std::move(request), options.slow_reader, {});
    co_await exchange.Send(std::move(answer));
  }
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              HttpSources sources,
                                                              std::vector<HttpApi*> apis) {
  auto listener = std::make_unique<Listener>();
  listener->options = options;
  listener->sources = std::move(sources);
  listener->apis = std::move(apis);
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

#include "service/top/fetch.h"

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"

namespace bitnet {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

http::request<http::empty_body> Request(const std::string& address, const std::string& target,
                                        const std::string& token) {
  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, address);
  request.keep_alive(false);
  if (!token.empty()) {
    request.set(http::field::authorization, "Bearer " + token);
  }
  return request;
}

absl::Status StatusOf(const http::response<http::string_body>& response, const std::string& address) {
  if (response.result() == http::status::ok) {
    return absl::OkStatus();
  }
  const std::string text = absl::StrCat(address, " says ", response.result_int(), ": ", response.body());
  return response.result() == http::status::unauthorized ? absl::UnauthenticatedError(text)
                                                         : absl::UnknownError(text);
}

}  // namespace

absl::StatusOr<std::string> Fetch(const std::string& address, const std::string& target,
                                  const std::string& token, absl::Duration timeout) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", address, "\": wanted a host and a port, like 127.0.0.1:8080"));
  }
  boost::asio::io_context context;
  tcp::resolver resolver(context);
  beast::tcp_stream stream(context);
  const http::request<http::empty_body> request = Request(address, target, token);
  http::response<http::string_body> response;
  beast::flat_buffer buffer;
  error_code result;
  // Each step begins the next one; run() returns when there is none.
  const auto read = [&](error_code error, size_t /*bytes*/) {
    result = error;
    if (!error) {
      http::async_read(stream, buffer, response, [&](error_code end, size_t /*bytes*/) { result = end; });
    }
  };
  const auto write = [&](error_code error, const tcp::endpoint& /*endpoint*/) {
    result = error;
    if (!error) {
      http::async_write(stream, request, read);
    }
  };
  stream.expires_after(absl::ToChronoNanoseconds(timeout));
  const auto endpoints = resolver.resolve(address.substr(0, colon), address.substr(colon + 1), result);
  if (!result) {
    stream.async_connect(endpoints, write);
    context.run();
  }
  if (result) {
    return absl::UnavailableError(absl::StrCat("no answer from ", address, ": ", result.message()));
  }
  if (absl::Status status = StatusOf(response, address); !status.ok()) {
    return status;
  }
  return std::move(response.body());
}

}  // namespace bitnet

#include "service/http/http_exchange.h"

#include "absl/strings/str_cat.h"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/http/chunk_encode.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/write.hpp"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

std::string PeerOf(beast::tcp_stream& stream) {
  error_code error;
  const asio::ip::tcp::endpoint peer = stream.socket().remote_endpoint(error);
  return error ? ""
               : absl::StrCat(peer.address().is_v6() ? "ipv6:" : "ipv4:", peer.address().to_string(), ":",
                              peer.port());
}

template <typename Response>
void SetHeaders(Response& response, const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    response.insert(name, value);
  }
}

}  // namespace

HttpExchange::HttpExchange(beast::tcp_stream* stream, Request request, absl::Duration write_limit,
                           HttpHeaders headers)
    : stream_(stream),
      request_(std::move(request)),
      write_limit_(write_limit),
      headers_(std::move(headers)),
      peer_(PeerOf(*stream)),
      wakeup_(std::make_shared<Wakeup>(stream->get_executor())) {}

std::string_view HttpExchange::method() const {
  return {request_.method_string().data(), request_.method_string().size()};
}

std::string_view HttpExchange::path() const {
  return PathOf({request_.target().data(), request_.target().size()});
}

std::string_view HttpExchange::header(std::string_view name) const {
  const beast::string_view value = request_[beast::string_view(name.data(), name.size())];
  return {value.data(), value.size()};
}

template <typename Buffers>
asio::awaitable<void> HttpExchange::Write(const Buffers& buffers) {
  if (client_gone()) {
    co_return;
  }
  error_code error;
  stream_->expires_after(absl::ToChronoNanoseconds(write_limit_));
  co_await asio::async_write(*stream_, buffers, asio::redirect_error(asio::use_awaitable, error));
  stream_->expires_never();
  broken_ = broken_ || error;
}

asio::awaitable<void> HttpExchange::Send(HttpAnswer answer) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), request_.version());
  response.set(http::field::content_type, answer.content_type);
  SetHeaders(response, headers_);
  SetHeaders(response, answer.headers);
  response.body() = std::move(answer.body);
  response.keep_alive(request_.keep_alive());
  response.prepare_payload();
  http::response_serializer<http::string_body> serializer(response);
  error_code error;
  stream_->expires_after(absl::ToChronoNanoseconds(write_limit_));
  if (request_.method() == http::verb::head) {
    co_await http::async_write_header(*stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await http::async_write(*stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
  }
  stream_->expires_never();
  answered_ = !error;
}

asio::awaitable<void> HttpExchange::BeginEvents(const HttpHeaders& headers) {
  http::response<http::empty_body> response(http::status::ok, request_.version());
  response.set(http::field::content_type, "text/event-stream; charset=utf-8");
  response.set(http::field::cache_control, "no-cache");
  response.set("X-Accel-Buffering", "no");  // nginx passes events on as they come.
  SetHeaders(response, headers_);
  SetHeaders(response, headers);
  response.keep_alive(chunked() && request_.keep_alive());
  response.chunked(chunked());
  http::response_serializer<http::empty_body> serializer(response);
  error_code error;
  stream_->expires_after(absl::ToChronoNanoseconds(write_limit_));
  co_await http::async_write_header(*stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
  stream_->expires_never();
  broken_ = broken_ || error;
}

asio::awaitable<void> HttpExchange::SendEvents(std::string lines) {
  if (chunked()) {
    co_await Write(http::make_chunk(asio::buffer(lines)));
  } else {
    co_await Write(asio::buffer(lines));
  }
}

asio::awaitable<void> HttpExchange::EndEvents() {
  if (chunked()) {
    co_await Write(http::make_chunk_last());
    answered_ = !client_gone();
  }
}

void HttpExchange::WatchClient() { watch_ = std::make_unique<ClientWatch>(&stream_->socket(), wakeup_); }

asio::awaitable<bool> HttpExchange::Finish() {
  if (watch_ != nullptr) {
    co_await watch_->Stop();
  }
  co_return answered_ && !client_gone() && request_.keep_alive();
}

}  // namespace bitnet

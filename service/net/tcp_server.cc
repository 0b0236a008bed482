#include "service/net/tcp_server.h"

#include <chrono>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

absl::StatusOr<tcp::endpoint> ParseAddress(const std::string& name, const std::string& address) {
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
    return absl::InvalidArgumentError(absl::StrCat(
        name, " address \"", address, "\": wanted an IP address and a port, like 127.0.0.1:8080"));
  }
  return tcp::endpoint(ip, static_cast<uint16_t>(port));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TcpServer>> TcpServer::Start(const TcpServerOptions& options, Serve serve) {
  ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseAddress(options.name, options.address));
  std::unique_ptr<TcpServer> server(new TcpServer(options, std::move(serve)));
  RETURN_IF_ERROR(server->Listen(endpoint));
  return server;
}

TcpServer::TcpServer(TcpServerOptions options, Serve serve)
    : options_(std::move(options)), serve_(std::move(serve)) {}

TcpServer::~TcpServer() {
  context_.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

absl::Status TcpServer::Listen(const tcp::endpoint& endpoint) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) {
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor_.bind(endpoint, error);
  }
  if (!error) {
    acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen for ", options_.name, " at ", options_.address,
                                               ": ", error.message(), "; name another address with ",
                                               options_.flag));
  }
  address_ = absl::StrCat(options_.address.substr(0, options_.address.rfind(':')), ":",
                          acceptor_.local_endpoint().port());
  asio::co_spawn(context_, Accept(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
  return absl::OkStatus();
}

asio::awaitable<void> TcpServer::Accept() {
  for (;;) {
    error_code error;
    while (connections_ >= options_.max_connections) {
      slot_.expires_at(asio::steady_timer::time_point::max());
      co_await slot_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) {  // Out of descriptors, say: a little later there may be some again.
      spdlog::warn("{} accept: {}", options_.name, error.message());
      slot_.expires_after(std::chrono::milliseconds(100));
      co_await slot_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    ++connections_;
    asio::co_spawn(context_, Handle(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> TcpServer::Handle(tcp::socket socket) {
  co_await serve_(std::move(socket));
  --connections_;
  slot_.cancel();
}

}  // namespace bitnet

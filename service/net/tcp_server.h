// Accepts TCP connections for what is answered to operators and balancers: HTTP, the agent check.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/status/statusor.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"

namespace bitnet {

struct TcpServerOptions {
  std::string name;           // In messages: "HTTP".
  std::string flag;           // What names another address: "--http".
  std::string address;        // Port 0 takes a free one; "[::1]:8080" for IPv6.
  int max_connections = 256;  // Further ones wait in the system's queue.
};

// One thread and a coroutine for each connection.
class TcpServer {
 public:
  // Runs on the server's thread. The connection closes when it returns; it is destroyed without having
  // returned when the server is.
  using Serve = std::function<boost::asio::awaitable<void>(boost::asio::ip::tcp::socket socket)>;

  // INVALID_ARGUMENT: no address; UNAVAILABLE: it cannot be listened at.
  static absl::StatusOr<std::unique_ptr<TcpServer>> Start(const TcpServerOptions& options, Serve serve);
  // Closes all connections.
  ~TcpServer();

  // As it can be connected to, with the port that was taken.
  const std::string& address() const { return address_; }

 private:
  TcpServer(TcpServerOptions options, Serve serve);

  absl::Status Listen(const boost::asio::ip::tcp::endpoint& endpoint);
  boost::asio::awaitable<void> Accept();
  boost::asio::awaitable<void> Handle(boost::asio::ip::tcp::socket socket);

  const TcpServerOptions options_;
  const Serve serve_;
  std::string address_;
  boost::asio::io_context context_{1};
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  int connections_ = 0;
  boost::asio::steady_timer slot_{context_};  // Expires never; cancelled when a connection has ended.
  std::thread thread_;
};

}  // namespace bitnet

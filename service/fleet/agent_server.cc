#include "service/fleet/agent_server.h"

#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "service/net/tcp_server.h"

namespace bitnet {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kTimeout = std::chrono::seconds(2);  // For the whole connection.

// What a balancer sends (`agent-send`) is read and ignored: closing with unread bytes would reset the
// connection, and the answer could be lost.
asio::awaitable<void> Answer(boost::beast::tcp_stream stream, std::string line) {
  error_code error;
  stream.expires_after(kTimeout);
  co_await asio::async_write(stream, asio::buffer(line), asio::redirect_error(asio::use_awaitable, error));
  stream.socket().shutdown(tcp::socket::shutdown_send, error);
  char ignored[256];
  while (!error) {
    co_await stream.async_read_some(asio::buffer(ignored), asio::redirect_error(asio::use_awaitable, error));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<AgentServer>> AgentServer::Start(const std::string& address,
                                                                std::function<std::string()> answer) {
  ASSIGN_OR_RETURN(std::unique_ptr<TcpServer> server,
                   TcpServer::Start({.name = "agent checks", .flag = "--agent-listen", .address = address},
                                    [answer = std::move(answer)](tcp::socket socket) {
                                      return Answer(boost::beast::tcp_stream(std::move(socket)), answer());
                                    }));
  return std::unique_ptr<AgentServer>(new AgentServer(std::move(server)));
}

AgentServer::AgentServer(std::unique_ptr<TcpServer> server) : server_(std::move(server)) {}
AgentServer::~AgentServer() = default;

const std::string& AgentServer::address() const { return server_->address(); }

}  // namespace bitnet

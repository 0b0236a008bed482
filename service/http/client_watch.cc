#include "service/http/client_watch.h"

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

ClientWatch::ClientWatch(tcp::socket* socket, std::shared_ptr<Wakeup> wakeup)
    : socket_(socket), wakeup_(std::move(wakeup)) {
  asio::co_spawn(socket_->get_executor(), Watch(socket_, wakeup_, state_), asio::detached);
}

asio::awaitable<void> ClientWatch::Watch(tcp::socket* socket, std::shared_ptr<Wakeup> wakeup,
                                         std::shared_ptr<State> state) {
  error_code error;
  char next = 0;  // Left where it is.
  co_await socket->async_receive(asio::buffer(&next, 1), tcp::socket::message_peek,
                                 asio::redirect_error(asio::use_awaitable, error));
  state->gone = error && error != asio::error::operation_aborted;
  state->ended = true;
  wakeup->Notify();
}

asio::awaitable<void> ClientWatch::Stop() {
  while (!state_->ended) {
    error_code ignored;
    socket_->cancel(ignored);
    co_await wakeup_->Wait(absl::InfiniteDuration());
  }
}

}  // namespace bitnet

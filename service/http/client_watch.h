// Whether the client of an HTTP request is still there.
#pragma once

#include <memory>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "boost/asio/awaitable.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "service/http/wakeup.h"

namespace bitnet {

// Waits on the socket beside the coroutine that answers, which is woken when the client hangs up. Sending
// before the answer is complete is not hanging up: the next request may come early; the watch ends there.
class ClientWatch {
 public:
  // Borrows `socket` until Stop has returned.
  ClientWatch(boost::asio::ip::tcp::socket* socket, std::shared_ptr<Wakeup> wakeup);

  bool gone() const { return state_->gone; }
  // Nothing else may be waiting on the socket then.
  boost::asio::awaitable<void> Stop();

 private:
  struct State {
    bool gone = false;
    bool ended = false;
  };
  static boost::asio::awaitable<void> Watch(boost::asio::ip::tcp::socket* socket,
                                            std::shared_ptr<Wakeup> wakeup, std::shared_ptr<State> state);

  boost::asio::ip::tcp::socket* const socket_;
  const std::shared_ptr<Wakeup> wakeup_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace bitnet

// Lets a coroutine wait for what other threads bring.
#pragma once

#include <atomic>
#include <memory>
#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without saying so.

#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"

namespace bitnet {

// For one coroutine, which looks at what there is, and waits, again and again: it may be woken for nothing,
// and never sleeps through a Notify. Held by a shared pointer.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
 public:
  // The coroutine's executor.
  explicit Wakeup(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // Any thread. Several before the coroutine runs are one.
  void Notify();
  // Until a Notify since the last wait, or so long at most.
  boost::asio::awaitable<void> Wait(absl::Duration at_most);

 private:
  std::atomic<bool> notified_ = false;
  boost::asio::steady_timer timer_;  // Touched on the executor alone.
};

}  // namespace bitnet

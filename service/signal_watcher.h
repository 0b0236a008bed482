// Turns SIGTERM, SIGINT and SIGHUP into calls on an ordinary thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace bitnet {

class SignalWatcher {
 public:
  // Calls `on_signal` with the signal's number, once for each, on a thread of its own, from now until it is
  // destroyed.
  explicit SignalWatcher(std::function<void(int)> on_signal);
  ~SignalWatcher();

 private:
  struct Loop;  // Keeps Asio out of this header.
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace bitnet

#include "service/signal_watcher.h"

#include <csignal>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/signal_set.hpp"

namespace bitnet {

struct SignalWatcher::Loop {
  boost::asio::io_context context{1};
  boost::asio::signal_set signals{context, SIGTERM, SIGINT, SIGHUP};
  std::function<void(int)> on_signal;

  void Wait() {
    signals.async_wait([this](const boost::system::error_code& error, int signal) {
      if (!error) {
        on_signal(signal);
        Wait();
      }
    });
  }
};

SignalWatcher::SignalWatcher(std::function<void(int)> on_signal) : loop_(std::make_unique<Loop>()) {
  loop_->on_signal = std::move(on_signal);
  loop_->Wait();
  thread_ = std::thread([this] { loop_->context.run(); });
}

SignalWatcher::~SignalWatcher() {
  loop_->context.stop();
  thread_.join();
}

}  // namespace bitnet

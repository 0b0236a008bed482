// SIGTERM and SIGINT, delivered as ordinary calls on a thread of their own.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace bitnet {

// Blocks both signals in the thread that creates it, so create it before other threads: they inherit this.
class StopSignals {
 public:
  // `on_stop` is called for each SIGTERM and, unless `ignore_interrupt`, each SIGINT, and may take any lock.
  StopSignals(bool ignore_interrupt, std::function<void()> on_stop);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

 private:
  void Wait();

  const bool ignore_interrupt_;
  const std::function<void()> on_stop_;
  std::atomic<bool> closing_ = false;
  std::thread thread_;
};

}  // namespace bitnet

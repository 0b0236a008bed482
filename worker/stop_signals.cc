#include "worker/stop_signals.h"

#include <csignal>
#include <utility>

namespace bitnet {
namespace {

sigset_t StopSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignals::StopSignals(bool ignore_interrupt, std::function<void()> on_stop)
    : ignore_interrupt_(ignore_interrupt), on_stop_(std::move(on_stop)) {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { Wait(); });
}

StopSignals::~StopSignals() {
  closing_ = true;
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): it is blocked; it only ends that thread's sigwait.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::Wait() {
  const sigset_t set = StopSet();
  int signal = 0;
  while (sigwait(&set, &signal) == 0 && !closing_) {
    if (signal == SIGTERM || !ignore_interrupt_) {
      on_stop_();
    }
  }
}

}  // namespace bitnet

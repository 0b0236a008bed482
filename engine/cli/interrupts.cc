#include "engine/cli/interrupts.h"

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace bitnet {
namespace {

constexpr int kExitInterrupted = 128 + SIGINT;

sigset_t OnlyInterrupt() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Interrupts::Interrupts() {
  // Blocked here and so in all threads started from now on; only sigwait() takes it.
  const sigset_t set = OnlyInterrupt();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { Run(); });
}

Interrupts::~Interrupts() {
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGINT);
  thread_.join();
}

void Interrupts::SetAction(std::function<void()> action) {
  absl::MutexLock lock(&mutex_);
  action_ = std::move(action);
}

void Interrupts::Run() {
  const sigset_t set = OnlyInterrupt();
  int signal = 0;
  while (sigwait(&set, &signal) == 0 && !stopping_) {
    absl::MutexLock lock(&mutex_);
    if (!action_) {
      std::_Exit(kExitInterrupted);
    }
    action_();
  }
}

}  // namespace bitnet

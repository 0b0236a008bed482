#include "engine/threads/thread_pool.h"

#include <algorithm>
#include <cassert>
#include <chrono>

#if defined(__linux__)
#include <sched.h>
#endif

namespace bitnet {
namespace {

// Longer than the serial pieces of a step (normalising and quantising one row takes about 2 us), shorter than
// anyone would notice in the idle load.
constexpr std::chrono::microseconds kSpinTime(20);

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");  // Unlike `yield`, takes some tens of cycles.
#endif
}

// Returns once `value` differs from `old`.
void AwaitChange(const std::atomic<uint32_t>& value, uint32_t old) {
  const auto give_up = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) {
        return;
      }
      Pause();
    }
  } while (std::chrono::steady_clock::now() < give_up);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

int NumUsableCpus() {
#if defined(__linux__)
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
    return std::max(1, CPU_COUNT(&cpus));
  }
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ThreadPool::ThreadPool(int num_threads, QosClass qos) : num_threads_(num_threads), qos_(qos) {
  assert(num_threads >= 1);
  threads_.reserve(num_threads - 1);
  for (int thread = 1; thread < num_threads; ++thread) {
    threads_.emplace_back([this, thread] { Work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadPool::Work(int thread) {
  SetThreadQos(qos_);
  uint32_t round = 0;
  while (true) {
    AwaitChange(round_, round);
    ++round;
    if (stopping_) {
      return;
    }
    (*task_)(thread);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      unfinished_.notify_one();
    }
  }
}

void ThreadPool::RunOnAll(absl::FunctionRef<void(int)> task) {
  if (num_threads_ == 1) {
    task(0);
    return;
  }
  task_ = &task;
  unfinished_.store(num_threads_ - 1, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  task(0);
  for (uint32_t left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) {
    AwaitChange(unfinished_, left);
  }
}

void ThreadPool::ParallelFor(size_t n, absl::FunctionRef<void(size_t, size_t)> task) {
  if (n == 0) {
    return;
  }
  if (n == 1 || num_threads_ == 1) {
    task(0, n);
    return;
  }
  RunOnAll([&](int thread) {
    const size_t begin = n * thread / num_threads_;
    const size_t end = n * (thread + 1) / num_threads_;
    if (begin < end) {
      task(begin, end);
    }
  });
}

void ThreadPool::ParallelForChunks(size_t n, size_t grain, absl::FunctionRef<void(size_t, size_t)> task) {
  if (n <= grain || num_threads_ == 1) {
    ParallelFor(n, task);
    return;
  }
  next_.store(0, std::memory_order_relaxed);
  RunOnAll([&](int /*thread*/) {
    while (true) {
      const size_t begin = next_.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= n) {
        return;
      }
      task(begin, std::min(n, begin + grain));
    }
  });
}

}  // namespace bitnet

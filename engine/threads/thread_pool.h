// Compute threads that meet at a barrier after every piece of work.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/thread_qos.h"

namespace bitnet {

// CPUs this process may run on: its affinity mask where the system has one.
int NumUsableCpus();

// `num_threads` threads, of which the caller of RunOnAll and ParallelFor is one: with 1 there are no others
// and no synchronisation. One thread uses the pool at a time. Running work allocates nothing.
//
// A layer is five parallel pieces of some ten microseconds with short serial ones between, so a waiting
// thread first spins, and sleeps only when nothing came for a while: a wake-up alone takes longer than most
// pieces, but an idle server must use no CPU.
class ThreadPool {
 public:
  // Its own threads are of class `qos`; the caller sets its own.
  explicit ThreadPool(int num_threads, QosClass qos = QosClass::kUserInitiated);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return num_threads_; }

  // Calls task(thread) for each thread in [0, num_threads), all at once; the caller is thread 0. Returns when
  // all are done.
  void RunOnAll(absl::FunctionRef<void(int thread)> task);

  // Calls task(begin, end) for one contiguous part of [0, n) per thread, all at once. Parts differ by at most
  // one in size and depend only on n and the number of threads; empty ones are skipped.
  void ParallelFor(size_t n, absl::FunctionRef<void(size_t begin, size_t end)> task);

  // The same in chunks of `grain` (the last one may be shorter), each of which goes to whichever thread is
  // free. For pieces that take long enough for threads to drift apart: other programs take turns on a core,
  // and cores differ. What is computed must not depend on where chunks begin.
  void ParallelForChunks(size_t n, size_t grain, absl::FunctionRef<void(size_t begin, size_t end)> task);

 private:
  void Work(int thread);

  const int num_threads_;
  const QosClass qos_;
  const absl::FunctionRef<void(int)>* task_ = nullptr;  // Published by round_, valid until unfinished_ is 0.
  bool stopping_ = false;                               // Published by round_.
  alignas(64) std::atomic<uint32_t> round_ = 0;         // Counts RunOnAll calls.
  alignas(64) std::atomic<size_t> next_ = 0;            // What ParallelForChunks has not given away yet.
  alignas(64) std::atomic<uint32_t> unfinished_ = 0;    // Other threads still in this round.
  std::vector<std::thread> threads_;
};

}  // namespace bitnet

#include "bench/machine/pinned_threads.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>

#include "base/topology.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace bitnet {
namespace {

using Clock = std::chrono::steady_clock;

#if defined(__linux__)
void SetAffinity(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(cpu, &set);
  }
  if (!cpus.empty()) sched_setaffinity(0, sizeof(set), &set);
}
#else
void SetAffinity(const std::vector<int>&) {}
#endif

}  // namespace

std::vector<int> CpusByPreference() {
  // Asked once: ConfineToCpus narrows what a later question would be answered.
  static const std::vector<int> cpus = [] {
    std::vector<int> all;
    for (const CpuCluster& cluster : DiscoverClusters()) {
      all.insert(all.end(), cluster.cpus.begin(), cluster.cpus.end());
    }
    return all;
  }();
  return cpus;
}

void ConfineToCpus(int threads) {
  std::vector<int> cpus = CpusByPreference();
  cpus.resize(std::min<size_t>(threads, cpus.size()));
  SetAffinity(cpus);
}

void ReleaseFromCpus() { SetAffinity(CpusByPreference()); }

std::vector<double> TimePasses(int threads, int passes, absl::FunctionRef<void(int thread)> setup,
                               absl::FunctionRef<void(int thread, int pass)> work) {
  struct Span {
    Clock::time_point begin, end;
  };
  const std::vector<int> cpus = CpusByPreference();
  std::vector<std::vector<Span>> spans(threads, std::vector<Span>(passes));
  std::barrier together(threads);
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      if (!cpus.empty()) SetAffinity({cpus[thread % cpus.size()]});
      setup(thread);
      for (int pass = 0; pass < passes; ++pass) {
        together.arrive_and_wait();
        spans[thread][pass].begin = Clock::now();
        work(thread, pass);
        spans[thread][pass].end = Clock::now();
      }
    });
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  std::vector<double> seconds;
  for (int pass = 0; pass < passes; ++pass) {
    Clock::time_point begin = Clock::time_point::max(), end = Clock::time_point::min();
    for (const std::vector<Span>& of_thread : spans) {
      begin = std::min(begin, of_thread[pass].begin);
      end = std::max(end, of_thread[pass].end);
    }
    seconds.push_back(std::chrono::duration<double>(end - begin).count());
  }
  return seconds;
}

}  // namespace bitnet

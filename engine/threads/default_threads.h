// How many threads compute where nobody says how many.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/apple/chip.h"
#include "base/linux_cpus.h"

namespace bitnet {

// What the rule looks at. Where a system tells something else or nothing, fields keep their defaults.
struct ThreadFacts {
  // Apple: the chip's name, as "Apple M3 Pro", and its cores of the first performance level and of the
  // others.
  std::string chip = {};
  int performance_cores = 0;
  int efficiency_cores = 0;
  // Linux.
  std::vector<LinuxCpu> cpus = {};
  std::optional<std::vector<int>> affinity = {};  // CPUs that this thread may run on.
  std::optional<double> quota = {};               // CPUs' worth of time, as cgroups limit it.

  int usable_cpus = 1;  // As the standard library counts; for systems that tell nothing else.
};

// Of a Mac with `chip`. The fastest level's cores are the performance cores, whatever they are called; an
// Intel Mac has none.
ThreadFacts ThreadFactsOf(const AppleChip& chip);

// Of this machine, for the calling thread. `root` is where a Linux system's files are.
ThreadFacts ReadThreadFacts(const std::string& root = "/");

// One thread per core of the fastest kind that this process may use; at least 1. A batch step is as fast as
// its slowest thread: slow cores, and the second threads of cores, delay the others at every barrier more
// than they help. More threads than a cgroup's quota allows would all be stopped in turn.
//
// Of Apple's chips, M1 and M2 get 8 at most, M3 and M3 Pro 10, M3 Max 12: a step is bound by memory, which so
// many cores use up. Not verified on Macs; there, as anywhere, --threads auto measures.
int DefaultThreads(const ThreadFacts& facts);

// What is worth a trial: the default, half of it, all cores, and all CPUs that may be used; rising, each
// once.
std::vector<int> ThreadCandidates(const ThreadFacts& facts);

}  // namespace bitnet

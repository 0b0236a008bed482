// Threads that each stay on one CPU, for measuring what the machine can do with so many.
#pragma once

#include <vector>

#include "absl/functional/function_ref.h"

namespace bitnet {

// CPUs this process may use: those of the fastest cluster first, one per physical core before its siblings.
// Empty where the system does not number them (macOS).
std::vector<int> CpusByPreference();

// Confines the calling thread, and those it creates from now on, to the first `threads` of
// CpusByPreference(). A wish: no effect where threads cannot be confined.
void ConfineToCpus(int threads);
// Undoes it.
void ReleaseFromCpus();

// Runs setup(thread) on `threads` threads, thread i on the i-th CPU by preference, and then `passes` times
// work(thread, pass) on all at once. Returns for each pass the seconds from the earliest beginning to the
// latest end, both read inside the working threads: starting threads and meeting afterwards does not count.
std::vector<double> TimePasses(int threads, int passes, absl::FunctionRef<void(int thread)> setup,
                               absl::FunctionRef<void(int thread, int pass)> work);

}  // namespace bitnet

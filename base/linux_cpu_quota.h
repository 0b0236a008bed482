// How much CPU time the control groups of this process allow.
#pragma once

#include <optional>
#include <string>

namespace bitnet {

// CPUs' worth of time, as 1.5 for three halves: the lowest limit of the process's cgroup and those above it,
// of version 2 (cpu.max) or 1 (cpu.cfs_quota_us), found by <root>/proc/self/cgroup under
// <root>/sys/fs/cgroup. Nothing if there is no limit.
std::optional<double> ReadLinuxCpuQuota(const std::string& root);

}  // namespace bitnet

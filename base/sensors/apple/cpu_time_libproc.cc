// The system call behind cpu_time.h; macOS only.
#include <libproc.h>
#include <mach/mach_time.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>

#include "base/sensors/cpu_time.h"

namespace bitnet {
namespace {

// Times of rusage_info are in ticks of mach_absolute_time, which is not nanoseconds on Apple silicon.
absl::Duration FromMachTime(uint64_t ticks) {
  mach_timebase_info_data_t base = {};
  mach_timebase_info(&base);
  return absl::Nanoseconds(static_cast<double>(ticks) * base.numer / base.denom);
}

}  // namespace

OwnCpuTime ReadOwnCpuTime() {
  rusage_info_v6 usage = {};
  if (proc_pid_rusage(getpid(), RUSAGE_INFO_V6, reinterpret_cast<rusage_info_t*>(&usage)) != 0) {
    return {};
  }
  OwnCpuTime time = {.total = FromMachTime(usage.ri_user_time + usage.ri_system_time)};
  // Zero where the kernel does not tell cores apart (Intel, virtual machines).
  if (const uint64_t performance = usage.ri_user_ptime + usage.ri_system_ptime; performance > 0) {
    time.performance = FromMachTime(performance);
  }
  return time;
}

}  // namespace bitnet

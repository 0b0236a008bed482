// The system call behind process_energy.h; macOS only.
#include <libproc.h>
#include <sys/resource.h>

#include "base/sensors/apple/process_energy.h"

namespace bitnet {

// The kernel allows it for processes of the same user, with neither root nor an entitlement. It adds what a
// thread used when it switches threads, so that a busy one is seen with its time slice's delay.
std::optional<ProcessEnergy> ReadProcessEnergy(pid_t pid) {
  rusage_info_v6 usage = {};
  if (proc_pid_rusage(pid, RUSAGE_INFO_V6, reinterpret_cast<rusage_info_t*>(&usage)) != 0) {
    return std::nullopt;
  }
  return ProcessEnergy{.energy_nj = usage.ri_energy_nj};
}

}  // namespace bitnet

// The CPUs of a Linux machine, as sysfs tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bitnet {

struct LinuxCpu {
  int number = 0;
  std::vector<int> siblings;  // Logical CPUs of its physical core, itself among them, rising.
  int64_t speed = 0;          // cpu_capacity on Arm, the highest frequency elsewhere; 0: not told.
};

// Those that are online, rising, from <root>/sys/devices/system/cpu; empty if the system does not tell.
std::vector<LinuxCpu> ReadLinuxCpus(const std::string& root);

// Equal cores differ by a few per cent (favoured ones clock higher): what is below four fifths of the fastest
// is a core of another kind.
inline bool IsAsFastAs(int64_t speed, int64_t fastest) { return speed * 5 >= fastest * 4; }

// The kernel's list format: "0-3,8,10-11". What does not parse is skipped.
std::vector<int> ParseLinuxCpuList(absl::string_view list);

// Its first line without white space around it; nothing if there is no such file.
std::optional<std::string> ReadFirstLine(const std::string& path);

}  // namespace bitnet

// What macOS tells of a machine by name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace bitnet {

// The bytes of the value of a name, as "hw.nperflevels"; nothing if the system does not know the name, or
// does not answer. A function, so that a table can stand for a Mac.
using SysctlReader = std::function<std::optional<std::string>(const std::string& name)>;

// Asks this machine (sysctlbyname). In builds for macOS.
SysctlReader SystemSysctl();

// A whole number. Most are of 4 bytes (CTLTYPE_INT), some of 8 (CTLTYPE_QUAD), which for a name may change
// from one macOS to the next: the size of the value decides. Nothing for an unknown name and for any other
// size.
std::optional<int64_t> SysctlInteger(const SysctlReader& reader, const std::string& name);

// Text without the NUL that the kernel ends it with.
std::optional<std::string> SysctlText(const SysctlReader& reader, const std::string& name);

}  // namespace bitnet

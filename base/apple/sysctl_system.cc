// The system call behind sysctl.h; macOS only.
#include <sys/sysctl.h>

#include <cstddef>

#include "base/apple/sysctl.h"

namespace bitnet {

SysctlReader SystemSysctl() {
  return [](const std::string& name) -> std::optional<std::string> {
    size_t size = 0;
    if (sysctlbyname(name.c_str(), nullptr, &size, nullptr, 0) != 0) {
      return std::nullopt;
    }
    std::string bytes(size, '\0');
    if (sysctlbyname(name.c_str(), bytes.data(), &size, nullptr, 0) != 0) {
      return std::nullopt;
    }
    bytes.resize(size);  // Of a number it may be less than was announced.
    return bytes;
  };
}

}  // namespace bitnet

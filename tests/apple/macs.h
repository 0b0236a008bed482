// Macs as sysctl describes them: every chip with its numbers of cores.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/apple/chip.h"

namespace bitnet {

struct Mac {
  std::string chip;
  std::vector<CoreLevel> levels;
};

// Those of Apple's press releases and specifications, caches and clusters as public dumps of sysctl have them
// (cpusperl2, l2cachesize), or, where there is none, as the other chips of the family have them; M5's
// clusters and caches too are of one dump.
std::vector<Mac> AllMacs();

// A Mac of those by its chip and its number of cores, 0 for any.
Mac FindMac(const std::string& chip, int cores = 0);

// Values as the kernel gives them: of 4 bytes but for memory and pages, of 8; text with its NUL.
class SysctlTable {
 public:
  SysctlTable& Integer(const std::string& name, int32_t value);
  SysctlTable& Quad(const std::string& name, int64_t value);
  SysctlTable& Text(const std::string& name, const std::string& value);
  SysctlTable& Without(const std::string& name);
  // Everything that is known of `mac`.
  static SysctlTable Of(const Mac& mac);

  SysctlReader reader() const;

 private:
  std::map<std::string, std::string> bytes_;
};

}  // namespace bitnet

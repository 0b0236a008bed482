#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bench/machine/chip_name.h"

namespace bitnet {
namespace {

// The value of `key` in a file of "key : value" lines.
std::string FindValue(const char* path, const char* key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos && absl::StartsWith(line, key)) {
      return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
  }
  return "";
}

}  // namespace

std::string ChipName() {
  if (std::string name = FindValue("/proc/cpuinfo", "model name"); !name.empty()) return name;
  // ARM kernels name no model there; boards do in the device tree.
  std::ifstream board("/sys/firmware/devicetree/base/model");
  if (std::string name; std::getline(board, name, '\0') && !name.empty()) return name;
  if (std::string part = FindValue("/proc/cpuinfo", "CPU part"); !part.empty()) {
    return absl::StrCat("CPU part ", part);
  }
  return "unknown";
}

}  // namespace bitnet

#include "bench/machine/machine.h"

#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/topology.h"
#include "base/version.h"
#include "bench/machine/bandwidth.h"
#include "bench/machine/build_info.h"
#include "bench/machine/int8_peak.h"

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

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
#if defined(__APPLE__)
  char name[256] = {};
  size_t size = sizeof(name) - 1;
  if (sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0) return name;
#else
  if (std::string name = FindValue("/proc/cpuinfo", "model name"); !name.empty()) return name;
  // ARM kernels name no model there; boards do in the device tree.
  std::ifstream board("/sys/firmware/devicetree/base/model");
  if (std::string name; std::getline(board, name, '\0') && !name.empty()) return name;
  if (std::string part = FindValue("/proc/cpuinfo", "CPU part"); !part.empty()) return "CPU part " + part;
#endif
  return "unknown";
}

int NumCores() {
  static const int cores = [] {
    int sum = 0;
    for (const CpuCluster& cluster : DiscoverClusters()) {
      sum += cluster.num_cores;
    }
    return sum;
  }();
  return cores;
}

void AddIdentity(Record& record) {
  static const std::string chip = ChipName();
  record["chip"] = chip;
  record["cores"] = NumCores();
  record["version"] = std::string(Version());
  record["commit"] = BITNET_BENCH_COMMIT;
  record["compiler"] = BITNET_BENCH_COMPILER;
  record["build_type"] = BITNET_BENCH_BUILD_TYPE;
  record["system"] = BITNET_BENCH_SYSTEM;
}

double Machine::Bandwidth(int threads) {
  auto [at, is_new] = bandwidth_.try_emplace(threads);
  if (is_new) at->second = MeasureReadBandwidth(threads);
  return at->second;
}

double Machine::Int8Peak(const std::string& isa, int threads) {
  auto [at, is_new] = int8_.try_emplace({isa, threads});
  if (is_new) at->second = MeasureInt8Peak(FindInt8Peak(isa), threads);
  return at->second;
}

void Machine::AddCeilings(const std::string& isa, int threads, Record& record) {
  record["machine_bandwidth"] = Bandwidth(threads);
  record["machine_int8_macs"] = Int8Peak(isa, threads);
  record["int8_instruction"] = FindInt8Peak(isa).instruction;
}

}  // namespace bitnet

#include "bench/machine/machine.h"

#include "base/topology.h"
#include "base/version.h"
#include "bench/machine/bandwidth.h"
#include "bench/machine/build_info.h"
#include "bench/machine/chip_name.h"
#include "bench/machine/int8_peak.h"

namespace bitnet {

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

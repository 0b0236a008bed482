#include "bench/predict/chips.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bitnet {
namespace {

// Cores and bandwidths are Apple's. CPU bandwidths of the M1 family: llama.cpp pull request 1642; of the M2
// Max, and so the bound for what came after: ikawrakow in ik_llama.cpp's discussions ("only about 100 GB/s
// are given to the CPU", up to 115). An Ultra is two of a Max. GPU clocks: philipturner's metal-benchmarks;
// those of M3 and M4 are not known there and taken to be the M2's, which is too little. int8 of a CPU core:
// cpufp, of all 8 cores of an M2 Max (3.0 TOPS of SDOT) and all 12 of an M4 Max (4.9); M1 and M3 are taken to
// be as the M2.
constexpr MacChip kChips[] = {
    {"M1", 4, 8, 68e9, 53e9, 1.278e9, 187e9},         {"M1 Pro", 8, 16, 200e9, 88e9, 1.296e9, 187e9},
    {"M1 Max", 8, 32, 400e9, 100e9, 1.296e9, 187e9},  {"M1 Ultra", 16, 64, 800e9, 200e9, 1.296e9, 187e9},
    {"M2", 4, 10, 100e9, 80e9, 1.398e9, 187e9},       {"M2 Pro", 8, 19, 200e9, 110e9, 1.398e9, 187e9},
    {"M2 Max", 8, 38, 400e9, 110e9, 1.398e9, 187e9},  {"M2 Ultra", 16, 76, 800e9, 220e9, 1.398e9, 187e9},
    {"M3", 4, 10, 100e9, 80e9, 1.398e9, 187e9},       {"M3 Pro", 6, 18, 150e9, 110e9, 1.398e9, 187e9},
    {"M3 Max", 12, 40, 400e9, 110e9, 1.398e9, 187e9}, {"M3 Ultra", 24, 80, 819e9, 220e9, 1.398e9, 187e9},
    {"M4", 4, 10, 120e9, 96e9, 1.398e9, 204e9},       {"M4 Pro", 10, 20, 273e9, 110e9, 1.398e9, 204e9},
    {"M4 Max", 12, 40, 546e9, 110e9, 1.398e9, 204e9},
};

}  // namespace

std::span<const MacChip> KnownMacChips() { return kChips; }

absl::StatusOr<MacChip> FindChip(std::string_view name) {
  const auto* found = std::ranges::find(kChips, name, &MacChip::name);
  if (found != std::end(kChips)) return *found;
  std::vector<std::string> names;
  for (const MacChip& chip : kChips) names.push_back(chip.name);
  return absl::InvalidArgumentError(
      absl::StrCat("chip ", std::string(name), " is not known; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace bitnet

#include "base/sensors/energy_source.h"

#include <algorithm>
#include <iterator>

namespace bitnet {
namespace {

struct Place {
  absl::string_view source;
  absl::string_view scope;
};

constexpr Place kBestFirst[] = {
    {"rusage", "process"},          // macOS: CPU energy of the process, as the kernel bills it.
    {"powercap", "package share"},  // Of the next, what the process's processor time is of all programs'.
    {"powercap", "package"},        // RAPL: cores, caches and memory controller of all sockets.
    {"ioreport", "cpu"},            // macOS: the CPU clusters.
    {"powermetrics", "cpu"},        // The same, as root wrote it down.
    {"hwmon", "cpu share"},         // As above.
    {"hwmon", "cpu"},               // A counter of the CPU's or the SoC's.
    {"powercap", "psys"},           // All of a laptop's board.
    {"hwmon", "system"},            //
    {"hwmon-power", "cpu share"},
    {"hwmon-power", "cpu"},     // A power, summed up by ourselves.
    {"hwmon-power", "system"},  //
    {"powercap", "core"},       //
};

}  // namespace

int AttributionRank(const EnergyLabel& label) {
  const auto* const at = std::ranges::find_if(
      kBestFirst, [&](const Place& p) { return p.source == label.source && p.scope == label.scope; });
  return static_cast<int>(std::distance(std::begin(kBestFirst), at));
}

void SortByRank(EnergySources& sources) {
  std::ranges::stable_sort(sources, {}, [](const auto& source) { return AttributionRank(source->label()); });
}

}  // namespace bitnet

#include "bench/machine/energy.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

std::optional<uint64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

std::string ReadWord(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

}  // namespace

EnergyMeter::EnergyMeter(const std::string& root) {
  std::error_code error;
  const std::filesystem::path folder = absl::StrCat(root, "/sys/class/powercap");
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    // Packages alone: "psys" and the parts of a package count the same joules once more.
    const std::string path = entry.path().string();
    if (!absl::StartsWith(ReadWord(path + "/name"), "package")) continue;
    const std::optional<uint64_t> now = ReadNumber(path + "/energy_uj");
    if (!now) continue;
    counters_.push_back({path + "/energy_uj", *now, ReadNumber(path + "/max_energy_range_uj").value_or(0)});
  }
}

std::optional<double> EnergyMeter::Joules() {
  if (counters_.empty()) return std::nullopt;
  for (Counter& counter : counters_) {
    const std::optional<uint64_t> now = ReadNumber(counter.path);
    if (!now || (*now < counter.last && counter.range == 0)) {
      counters_.clear();
      return std::nullopt;
    }
    microjoules_ +=
        static_cast<double>(*now >= counter.last ? *now - counter.last : counter.range - counter.last + *now);
    counter.last = *now;
  }
  return microjoules_ / 1e6;
}

}  // namespace bitnet

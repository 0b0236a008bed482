#include "base/sensors/hwmon.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/linux_cpus.h"
#include "base/sensors/power_integral.h"
#include "base/sensors/sysfs_file.h"

namespace bitnet {
namespace {

constexpr double kMicro = 1e-6;  // Energies and powers are told in millionths,
constexpr double kMilli = 1e-3;  // temperatures in thousandths.

struct Channel {
  std::string path;  // Of what it measures.
  std::string chip;
  std::string label;  // Empty: the driver gives none.
};

// Channels whose files are called <kind>N_<what>.
std::vector<Channel> FindChannels(const std::string& root, absl::string_view kind, absl::string_view what) {
  const std::string base = root + "/sys/class/hwmon";
  std::vector<Channel> channels;
  for (const std::string& device : ListSysfs(base)) {
    const std::string directory = absl::StrCat(base, "/", device);
    const std::string chip = ReadFirstLine(directory + "/name").value_or(device);
    for (const std::string& file : ListSysfs(directory)) {
      absl::string_view channel = file;
      if (absl::StartsWith(channel, kind) && absl::ConsumeSuffix(&channel, absl::StrCat("_", what))) {
        channels.push_back(
            {.path = absl::StrCat(directory, "/", file),
             .chip = chip,
             .label = ReadFirstLine(absl::StrCat(directory, "/", channel, "_label")).value_or("")});
      }
    }
  }
  return channels;
}

std::string ScopeOf(const Channel& channel) {
  const std::string label = absl::AsciiStrToLower(channel.label.empty() ? channel.chip : channel.label);
  if (absl::StrContains(label, "total") || absl::StrContains(label, "system") ||
      channel.chip == "power_meter") {
    return "system";  // ACPI's power meter is that of the whole machine.
  }
  if (absl::StrContains(label, "cpu") || absl::StrContains(label, "soc")) {
    return "cpu";
  }
  return label;
}

using ChannelFiles = std::map<std::string, std::vector<SysfsFile>>;  // By scope.

ChannelFiles OpenAll(const std::vector<Channel>& channels, std::vector<std::string>& problems) {
  ChannelFiles files;
  for (const Channel& channel : channels) {
    if (absl::StatusOr<SysfsFile> file = SysfsFile::Open(channel.path); file.ok()) {
      files[ScopeOf(channel)].push_back(*std::move(file));
    } else {
      problems.push_back(absl::StrCat("hwmon: ", file.status().message()));
    }
  }
  return files;
}

// Nothing if one of them cannot be read: the others alone would be a fall, or a leap the next time.
std::optional<double> Sum(const std::vector<SysfsFile>& files) {
  double sum = 0;
  for (const SysfsFile& file : files) {
    const std::optional<int64_t> value = file.ReadInt();
    if (!value.has_value() || *value < 0) {
      return std::nullopt;
    }
    sum += static_cast<double>(*value) * kMicro;
  }
  return sum;
}

class HwmonEnergy final : public EnergySource {
 public:
  HwmonEnergy(std::string scope, std::vector<SysfsFile> files)
      : label_{"hwmon", std::move(scope)}, files_(std::move(files)) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override { return Sum(files_); }

 private:
  const EnergyLabel label_;
  const std::vector<SysfsFile> files_;
};

class HwmonPower final : public EnergySource {
 public:
  HwmonPower(std::string scope, std::vector<SysfsFile> files, std::function<absl::Duration()> clock)
      : label_{"hwmon-power", std::move(scope)}, files_(std::move(files)), clock_(std::move(clock)) {}
  const EnergyLabel& label() const override { return label_; }
  std::optional<double> ReadJoules() override {
    const std::optional<double> watts = Sum(files_);
    return watts.has_value() ? std::optional<double>(integral_.Advance(*watts, clock_())) : std::nullopt;
  }

 private:
  const EnergyLabel label_;
  const std::vector<SysfsFile> files_;
  const std::function<absl::Duration()> clock_;
  PowerIntegral integral_;
};

// Some tell a mean over some time, some only the moment, some both.
std::vector<Channel> FindPowers(const std::string& root) {
  std::vector<Channel> channels = FindChannels(root, "power", "average");
  for (Channel& channel : FindChannels(root, "power", "input")) {
    const std::string average = absl::StrCat(absl::StripSuffix(channel.path, "input"), "average");
    if (std::ranges::find(channels, average, &Channel::path) == channels.end()) {
      channels.push_back(std::move(channel));
    }
  }
  return channels;
}

}  // namespace

EnergySources FindHwmonEnergy(const std::string& root, std::function<absl::Duration()> clock,
                              std::vector<std::string>& problems) {
  EnergySources sources;
  for (auto& [scope, files] : OpenAll(FindChannels(root, "energy", "input"), problems)) {
    sources.push_back(std::make_unique<HwmonEnergy>(scope, std::move(files)));
  }
  for (auto& [scope, files] : OpenAll(FindPowers(root), problems)) {
    sources.push_back(std::make_unique<HwmonPower>(scope, std::move(files), clock));
  }
  return sources;
}

HwmonTemperatures::HwmonTemperatures(const std::string& root) {
  for (Channel& channel : FindChannels(root, "temp", "input")) {
    sensors_.push_back({.name = channel.label.empty() ? std::move(channel.chip)
                                                      : absl::StrCat(channel.chip, " ", channel.label),
                        .path = std::move(channel.path)});
  }
}

std::vector<Temperature> HwmonTemperatures::Read() const {
  std::vector<Temperature> temperatures;
  for (const Sensor& sensor : sensors_) {
    if (const std::optional<int64_t> value = ReadSysfsInt(sensor.path)) {
      temperatures.push_back({sensor.name, static_cast<double>(*value) * kMilli});
    }
  }
  return temperatures;
}

}  // namespace bitnet

#include "base/sensors/apple/powermetrics.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "base/sensors/apple/thermal_level.h"

namespace bitnet {
namespace {

constexpr size_t kLongestLine = 4096;  // Longer ones are not its, and are not kept.

struct Power {
  absl::string_view field;
  absl::string_view scope;
};

// "Combined Power" is the sum of the first three. "Package Power" was macOS 12's.
constexpr Power kPowers[] = {
    {"CPU Power: ", "cpu"}, {"GPU Power: ", "gpu"}, {"ANE Power: ", "ane"}, {"Package Power: ", "package"}};

// The number in front of `unit`, which ends the text.
std::optional<double> NumberOf(absl::string_view text, absl::string_view unit) {
  double value = 0;
  if (!absl::ConsumeSuffix(&text, unit) || !absl::SimpleAtod(text, &value) || value < 0) {
    return std::nullopt;
  }
  return value;
}

// "*** Sampled system activity (Sat May  3 10:11:12 2025 +0200) (1009.55ms elapsed) ***"
std::optional<absl::Duration> ElapsedOf(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "*** Sampled system activity") ||
      !absl::ConsumeSuffix(&line, "ms elapsed) ***")) {
    return std::nullopt;
  }
  const size_t bracket = line.rfind('(');
  double milliseconds = 0;
  if (bracket == absl::string_view::npos || !absl::SimpleAtod(line.substr(bracket + 1), &milliseconds)) {
    return std::nullopt;
  }
  return absl::Milliseconds(milliseconds);
}

// "E-Cluster HW active frequency: 1248 MHz"
std::optional<CpuFrequency> FrequencyOf(absl::string_view line) {
  constexpr absl::string_view kField = "-Cluster HW active frequency: ";
  const size_t at = line.find(kField);
  if (at == absl::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<double> megahertz = NumberOf(line.substr(at + kField.size()), " MHz");
  if (!megahertz.has_value()) {
    return std::nullopt;
  }
  return CpuFrequency{.cpu = std::string(line.substr(0, at)) + "-Cluster", .hertz = *megahertz * 1e6};
}

void TakeField(absl::string_view line, PowermetricsSample& sample) {
  for (const auto& [field, scope] : kPowers) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, field)) {
      if (const std::optional<double> milliwatts = NumberOf(rest, " mW")) {
        sample.watts[std::string(scope)] = *milliwatts * 1e-3;
      }
    }
  }
  if (absl::ConsumePrefix(&line, "Current pressure level: ")) {
    sample.pressure = PressureOfDarwinName(line);
  }
  if (std::optional<CpuFrequency> frequency = FrequencyOf(line)) {
    sample.frequencies.push_back(*std::move(frequency));
  }
}

}  // namespace

std::vector<PowermetricsSample> PowermetricsParser::Feed(absl::string_view text) {
  std::vector<PowermetricsSample> complete;
  for (const char c : text) {
    if (c == '\n') {
      TakeLine(absl::StripSuffix(line_, "\r"), complete);
      line_.clear();
    } else if (line_.size() < kLongestLine) {
      line_ += c;
    }
  }
  return complete;
}

void PowermetricsParser::TakeLine(absl::string_view line, std::vector<PowermetricsSample>& complete) {
  if (const std::optional<absl::Duration> elapsed = ElapsedOf(line)) {
    if (sample_.has_value()) {
      complete.push_back(*std::move(sample_));
    }
    sample_ = PowermetricsSample{.elapsed = *elapsed};
  } else if (sample_.has_value()) {
    TakeField(line, *sample_);
  }
}

}  // namespace bitnet

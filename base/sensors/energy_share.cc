#include "base/sensors/energy_share.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

constexpr absl::string_view kSuffix = " share";
constexpr absl::Duration kWindow = absl::Milliseconds(250);

class EnergyShare final : public EnergySource {
 public:
  EnergyShare(EnergySource* whole, ShareClocks clocks)
      : label_{.source = whole->label().source, .scope = absl::StrCat(whole->label().scope, kSuffix)},
        whole_(whole),
        clocks_(std::move(clocks)) {}

  const EnergyLabel& label() const override { return label_; }

  std::optional<double> ReadJoules() override {
    const std::optional<double> joules = whole_->ReadJoules();
    if (!joules.has_value()) {
      return std::nullopt;
    }
    const Reading reading = {.joules = *joules, .now = clocks_.now(), .own = clocks_.own()};
    MeasureOthers(reading);
    if (!last_.has_value()) {
      last_ = reading;
    } else if (reading.joules > last_->joules && others_.has_value()) {
      joules_ += (reading.joules - last_->joules) * ShareSince(*last_, reading, *others_);
      last_ = reading;
    }
    return joules_;
  }

 private:
  struct Reading {
    double joules;
    absl::Duration now;
    absl::Duration own;
  };
  struct Window {
    absl::Duration now;
    absl::Duration own;
    absl::Duration busy;
  };

  // With so many processors that others keep busy.
  static double ShareSince(const Reading& from, const Reading& to, double others) {
    const absl::Duration own = to.own - from.own;
    const absl::Duration all = own + others * (to.now - from.now);
    return all > absl::ZeroDuration() ? std::clamp(absl::FDivDuration(own, all), 0.0, 1.0) : 0;
  }

  void MeasureOthers(const Reading& reading) {
    if (window_.has_value() && reading.now - window_->now < kWindow) {
      return;
    }
    const std::optional<absl::Duration> busy = clocks_.busy();
    if (!busy.has_value()) {
      return;
    }
    if (window_.has_value()) {
      const absl::Duration others = (*busy - window_->busy) - (reading.own - window_->own);
      others_ = std::max(0.0, absl::FDivDuration(others, reading.now - window_->now));
    }
    window_ = {.now = reading.now, .own = reading.own, .busy = *busy};
  }

  const EnergyLabel label_;
  EnergySource* const whole_;
  const ShareClocks clocks_;
  std::optional<Reading> last_;  // When `whole_` moved last.
  std::optional<Window> window_;
  // Processors that other programs keep busy, once a window has been measured.
  std::optional<double> others_;
  double joules_ = 0;
};

}  // namespace

std::unique_ptr<EnergySource> MakeEnergyShare(EnergySource* whole, ShareClocks clocks) {
  return std::make_unique<EnergyShare>(whole, std::move(clocks));
}

bool IsShare(const EnergyLabel& label) { return absl::EndsWith(label.scope, kSuffix); }

}  // namespace bitnet

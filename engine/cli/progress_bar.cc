#include "engine/cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

constexpr uint64_t kBarLength = 30;
constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr const char* kEraseLine = "\r\033[K";

}  // namespace

std::string ProgressBar::Line(std::string_view stage, std::string_view what, uint64_t done, uint64_t total,
                              absl::Duration elapsed) {
  const uint64_t filled = total == 0 ? kBarLength : std::min(done, total) * kBarLength / total;
  const uint64_t percent = total == 0 ? 100 : std::min(done, total) * 100 / total;
  const double seconds = absl::ToDoubleSeconds(elapsed);
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds / 1e9 : 0;
  return absl::StrFormat("%-12s [%s%s] %3d %%  %5.2f GB/s  %s", stage, std::string(filled, '#'),
                         std::string(kBarLength - filled, '.'), percent, rate, what);
}

void ProgressBar::Show(std::string_view stage, std::string_view what, uint64_t done, uint64_t total,
                       absl::Time now) {
  if (stage != stage_) {
    stage_ = stage;
    stage_began_ = now;
    tenths_ = 0;
    drawn_ = absl::InfinitePast();
  }
  if (is_terminal_) {
    if (now - drawn_ >= kRedraw || done >= total) {
      Write(kEraseLine + Line(stage, what, done, total, now - stage_began_));
      drawn_ = now;
    }
    return;
  }
  const int tenths = total == 0 ? 10 : static_cast<int>(std::min(done, total) * 10 / total);
  if (tenths > tenths_) {
    tenths_ = tenths;
    Write(absl::StrFormat("%s %d %%\n", stage, tenths * 10));
  }
}

void ProgressBar::Clear() {
  if (is_terminal_ && !stage_.empty()) {
    Write(kEraseLine);
  }
  stage_.clear();
}

// Progress that cannot be shown is no reason to fail.
void ProgressBar::Write(const std::string& text) const {
  [[maybe_unused]] const ssize_t written = write(fd_, text.data(), text.size());
}

}  // namespace bitnet

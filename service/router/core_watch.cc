#include "service/router/core_watch.h"

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// Seconds of processor time that are enough to tell: loading alone takes less.
constexpr double kEnough = 20;
// A thread that may use performance cores spends nearly all of its time there.
constexpr double kLeast = 0.05;

}  // namespace

std::optional<std::string> CoreWatch::Observe(const worker::v1::WorkerStatus& status) {
  const double share = status.performance_cpu_seconds() / status.cpu_seconds();
  if (said_ || !status.has_performance_cpu_seconds() || status.cpu_seconds() < kEnough || share >= kLeast) {
    return std::nullopt;
  }
  said_ = true;
  return absl::StrFormat(
      "%.1f of %.1f s of processor time were on performance cores: the system keeps this process to "
      "efficiency cores, several times "
      "slower. ProcessType of the launchd job must be Interactive and not Background, and nothing may have "
      "started it with taskpolicy -b",
      status.performance_cpu_seconds(), status.cpu_seconds());
}

}  // namespace bitnet

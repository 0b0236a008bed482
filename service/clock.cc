#include "service/clock.h"

#include "absl/time/clock.h"

namespace bitnet {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
  bool AwaitUntil(absl::Mutex& mutex, const std::function<bool()>& done, absl::Time deadline) override {
    return mutex.AwaitWithDeadline(absl::Condition(&done), deadline);
  }
};

}  // namespace

Clock* Clock::Real() {
  static Clock* const clock = new RealClock;
  return clock;
}

}  // namespace bitnet

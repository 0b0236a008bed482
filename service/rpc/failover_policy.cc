#include "service/rpc/failover_policy.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(25);
constexpr absl::Duration kLongestDelay = absl::Seconds(1);

}  // namespace

FailoverPolicy::Verdict FailoverPolicy::OnLoss(bool computed) {
  ++losses_;
  deaths_ += computed ? 1 : 0;
  if (deaths_ >= kMaxDeaths) {
    return Verdict::kKillsWorkers;
  }
  return losses_ >= kMaxLosses ? Verdict::kTooManyLosses : Verdict::kTryAgain;
}

absl::Duration FailoverPolicy::delay() const {
  return losses_ < 2 ? absl::ZeroDuration() : std::min(kFirstDelay * (1 << (losses_ - 2)), kLongestDelay);
}

}  // namespace bitnet

#include "base/sensors/energy_shares.h"

#include <algorithm>

namespace bitnet {

void EnergyShares::Idle(double counter, absl::Duration elapsed) {
  idle_time_ += elapsed;
  Advance(counter);
}

void EnergyShares::AddTokens(EnergyAccount& account, size_t tokens) {
  if (account.pending == 0 && tokens > 0) {
    waiting_.push_back(&account);
  }
  account.pending += tokens;
  pending_ += tokens;
  tokens_ += tokens;
}

void EnergyShares::EndStep(double counter, absl::Duration elapsed) {
  busy_time_ += elapsed;
  Advance(counter);
}

void EnergyShares::Advance(double counter) {
  const double delta = counter - counter_.value_or(counter);
  if (counter_.has_value() && delta <= 0) {
    return;
  }
  const absl::Duration time = busy_time_ + idle_time_;
  const double busy = time > absl::ZeroDuration() ? absl::FDivDuration(busy_time_, time) : 1;
  carried_ += delta * busy;
  idle_ += delta * (1 - busy);
  if (tokens_ > 0 && delta * busy > 0) {
    token_joules_ = delta * busy / static_cast<double>(tokens_);
  }
  busy_time_ = idle_time_ = absl::ZeroDuration();
  tokens_ = 0;
  counter_ = counter;
  Distribute();
}

void EnergyShares::Distribute() {
  if (pending_ == 0 || !token_joules_.has_value()) {
    return;
  }
  const double joules =
      std::clamp(carried_ / static_cast<double>(pending_), *token_joules_ / 2, *token_joules_ * 2);
  for (EnergyAccount* account : waiting_) {
    const double share = joules * static_cast<double>(account->pending);
    Charge(*account, share);
    carried_ -= share;
    account->pending = 0;
  }
  waiting_.clear();
  pending_ = 0;
}

void EnergyShares::Charge(EnergyAccount& account, double joules) {
  account.joules += joules;
  account.measured = true;
  charged_ += joules;
}

std::optional<double> EnergyShares::Close(EnergyAccount& account) {
  if (account.pending > 0) {
    if (token_joules_.has_value()) {
      const double joules = *token_joules_ * static_cast<double>(account.pending);
      Charge(account, joules);
      carried_ -= joules;
    }
    pending_ -= account.pending;
    account.pending = 0;
    std::erase(waiting_, &account);
  }
  return account.reading();
}

}  // namespace bitnet

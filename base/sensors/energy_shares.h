// Divides what a counter counts among the requests that a batch step computes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace bitnet {

// One request's part. Lives where the request does; not moved while it is in use.
struct EnergyAccount {
  double joules = 0;      // So far.
  size_t pending = 0;     // Tokens whose joules the counter has not shown yet.
  bool measured = false;  // `joules` is a reading: a counter that never moved says nothing, not zero.

  // Nothing if it is none.
  std::optional<double> reading() const { return measured ? std::optional(joules) : std::nullopt; }
};

// A request's share of a step is its tokens' share of the step's tokens, times the step's joules. Two things
// stand between that rule and a counter:
//
// Counters are updated every millisecond (RAPL) to every second (powermetrics), steps take from less than one
// to hundreds. What a counter has grown by belongs to all steps since it grew before: their tokens wait for
// it, and share it then. A request that ends with tokens waiting is charged for these what a token cost last,
// in advance. What then is over, or lacks, is carried forward to those that wait next: these pay for a token
// between half and twice of what it costs, so that a request does not pay for many others. So the sum over
// all requests is the counter, at any time up to about what one update brings.
//
// Machines take power while nothing is to be computed. That is counted apart, as idle, and charged to nobody.
// A counter that moves only once in a while shows idle and busy time together: it is split by time.
//
// Used by one thread; allocates nothing.
class EnergyShares {
 public:
  // At most so many accounts have tokens that wait, unless it may allocate.
  explicit EnergyShares(size_t num_accounts) { waiting_.reserve(num_accounts); }

  // No step ran since the last call, for `elapsed`; the counter shows `counter` joules now.
  void Idle(double counter, absl::Duration elapsed);

  // A step: of each request in it the tokens that it computed, then once that it took `elapsed`, and what the
  // counter shows at its end. The first counter that is seen is where counting begins.
  void AddTokens(EnergyAccount& account, size_t tokens);
  void EndStep(double counter, absl::Duration elapsed);

  // The request is done: what it took, with what is pending. Nothing if none of it was measured.
  std::optional<double> Close(EnergyAccount& account);

  double charged_joules() const { return charged_; }  // To all accounts.
  double idle_joules() const { return idle_; }
  // Counted and not charged yet; below zero: charged in advance.
  double carried_joules() const { return carried_; }

 private:
  void Advance(double counter);
  void Distribute();
  void Charge(EnergyAccount& account, double joules);

  std::vector<EnergyAccount*> waiting_;  // Those with pending tokens.
  size_t pending_ = 0;                   // Their sum.
  std::optional<double> counter_;        // When it moved last, or was seen first.
  absl::Duration busy_time_;             // Since then.
  absl::Duration idle_time_;             //
  size_t tokens_ = 0;                    // Since then.
  double carried_ = 0;
  double charged_ = 0;
  double idle_ = 0;
  std::optional<double> token_joules_;  // What one costs, by the counter's last move.
};

}  // namespace bitnet

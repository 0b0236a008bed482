// Which of two generations goes first: by class, and by how long they have waited.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>

#include "absl/time/time.h"
#include "engine/generation.h"

namespace bitnet {

// Seconds are what a person waits for an answer before the class of the request is forgotten. Background work
// takes two of these to be as urgent as a question.
inline constexpr absl::Duration kDefaultPriorityAgeing = absl::Seconds(10);

// A generation's place among all others, less is more important. It never changes.
struct Rank {
  std::chrono::steady_clock::time_point since;
  GenerationId id;

  bool operator==(const Rank&) const = default;
  std::strong_ordering operator<=>(const Rank& other) const {
    const auto by_time = since.time_since_epoch().count() <=> other.since.time_since_epoch().count();
    return by_time != 0 ? by_time : id <=> other.id;
  }
};

// Who waits rises by one class per `ageing`, so nothing waits for ever: only who comes within that time can
// overtake from the next class. As all rise alike, the order between two never changes, and a class is
// nothing but a head start: a normal request is one of the background that came `ageing` earlier. Hence one
// number for each, no clock to compare them, and one order for everything that must be decided: who is
// admitted, who reads its prompt, and who last gives its blocks away. One order, too, is what makes someone
// always get on: whoever is first in it is first everywhere.
class AdmissionOrder {
 public:
  using Clock = std::chrono::steady_clock;

  // Positive, and days at most.
  explicit AdmissionOrder(absl::Duration ageing)
      : ageing_(std::chrono::duration_cast<Clock::duration>(absl::ToChronoNanoseconds(ageing))) {}

  // Ids rise with arrival.
  Rank RankOf(Priority priority, Clock::time_point submitted, GenerationId id) const {
    return {submitted - static_cast<int>(priority) * ageing_, id};
  }

  // What it counts as at `now`: its own class, and one more for each `ageing` that it has waited, up to the
  // highest. Never rises against the order of ranks.
  Priority ClassAt(Clock::time_point now, const Rank& rank) const {
    const auto classes = std::max(now - rank.since, Clock::duration::zero()) / ageing_;
    return static_cast<Priority>(std::min<int64_t>(classes, static_cast<int>(Priority::kInteractive)));
  }

 private:
  const Clock::duration ageing_;
};

}  // namespace bitnet

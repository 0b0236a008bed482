// Which worker a request gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/topology.h"

namespace bitnet {

// What is known of a ready worker. Work is counted in tokens to be computed, of the prompt and of the answer.
struct RouteCandidate {
  double tokens = 0;             // Of the requests it has, as far as they are not done.
  double tokens_per_second = 0;  // While it computed; 0: not known yet.
  int requests = 0;
  CoreKind kind = CoreKind::kUnknown;  // Of the cores it runs on.
  double weight = 1;                   // Below 1: its machine is warm, and it counts as so much slower.
  bool full = false;   // Its KV cache has no free block: a request more has to wait for one of those it has.
  bool stale = false;  // It did not answer when it was asked last.
};

// What is known of the request.
struct RouteRequest {
  double tokens = 0;        // Of work that it is.
  bool background = false;  // It suits efficiency cores, others suit performance cores.
  // Index of the candidate that had a request with the same beginning before, and may find it in its cache.
  std::optional<size_t> last = {};
};

// On the other kind of cores, work counts as so many times what it is. Efficiency cores take 2 to 4 times as
// long for a token: a background request goes to an idle performance worker only when two or three like it
// are ahead of it on the efficiency worker. On an efficiency worker, an answer that somebody reads comes
// slower from its first token to its last, which its end alone does not tell: it goes there when the
// performance workers have twice as much to do, measured in time. Cores of unknown kind suit everybody.
inline constexpr double kBackgroundOnPerformance = 8;
inline constexpr double kOthersOnEfficiency = 2;

// Index of the worker that is expected to have done `request` the soonest, counted as above. One that is
// stale comes after all others, one that is full after those that are not. `request.last` is taken unless it
// would need much longer, twice as long as the best one and as long as the request itself takes, or suits the
// request less than the best one does. None if there are no candidates.
std::optional<size_t> ChooseWorker(std::span<const RouteCandidate> candidates, const RouteRequest& request);

}  // namespace bitnet

// Which worker a request gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bitnet {

// What is known of a ready worker. Work is counted in tokens to be computed, of the prompt and of the answer.
struct RouteCandidate {
  double tokens = 0;             // Of the requests it has, as far as they are not done.
  double tokens_per_second = 0;  // While it computed; 0: not known yet.
  int requests = 0;
  double weight = 1;   // Below 1: its machine is warm, and it counts as so much slower.
  bool full = false;   // Its KV cache has no free block: a request more has to wait for one of those it has.
  bool stale = false;  // It did not answer when it was asked last.
};

// Index of the worker that is expected to have done `tokens` more the soonest. One that is stale comes after
// all others, one that is full after those that are not. `last` had a request with the same beginning before,
// and may find it in its cache: it is taken unless it would need much longer, twice as long as the best one
// and as long as the request itself takes. None if there are no candidates.
std::optional<size_t> ChooseWorker(std::span<const RouteCandidate> candidates, double tokens,
                                   std::optional<size_t> last);

}  // namespace bitnet

// Whether a request can be answered in its time at all.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bitnet {

// DEADLINE_EXCEEDED, with both figures, if what is left until a request's deadline does not last until its
// first token: the expected wait for its turn, and the time that its prompt takes. OK if the latter is not
// known: nothing is refused on a guess.
absl::Status CheckDeadline(absl::Duration left, absl::Duration queue, std::optional<absl::Duration> prefill);

}  // namespace bitnet

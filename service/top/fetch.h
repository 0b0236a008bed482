// A page over HTTP.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bitnet {

// The body of `target` at `address`, "127.0.0.1:8080", asked for with `token` unless that is "". UNAVAILABLE:
// nobody answers, or not in time; UNAUTHENTICATED: a token is wanted; UNKNOWN: any other status.
absl::StatusOr<std::string> Fetch(const std::string& address, const std::string& target,
                                  const std::string& token, absl::Duration timeout);

}  // namespace bitnet

// Whether an address may be served at all.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace bitnet {

// Whether only this machine reaches it: "127.0.0.1:1", "[::1]:1", "localhost:1", "unix:PATH".
bool IsLocalAddress(const std::string& address);

// OK for local addresses and where callers are told apart. FAILED_PRECONDITION says how they could be, or how
// to serve everybody. `flag` is what named the address.
absl::Status CheckExposure(const std::string& flag, const std::string& address, bool callers_are_known);

}  // namespace bitnet

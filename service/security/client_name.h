// Whose request it is, where requests are counted.
#pragma once

#include <string>
#include <string_view>

namespace bitnet {

// The name of a caller's token, or, where callers have none, the machine that `peer` is at, in gRPC's
// spelling: "ipv4:10.0.0.5" of "ipv4:10.0.0.5:41234". All connections of a machine are one client; so are
// those that come by a load balancer.
std::string ClientName(std::string_view caller_name, std::string_view peer);

}  // namespace bitnet

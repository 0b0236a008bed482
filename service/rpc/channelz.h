// gRPC's own view of its connections and calls, for whoever looks for a fault.
#pragma once

namespace bitnet {

// Has all gRPC servers of this process that are built from now on serve grpc.channelz.v1.Channelz, without
// asking for a token: gRPC cannot.
void EnableChannelz();

}  // namespace bitnet

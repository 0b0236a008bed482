// The rpc for embeddings.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/rpc/serving.h"

namespace bitnet {

// For gRPC to run. `serving` outlives the call, `request` is read before this returns; `context` and
// `response` are gRPC's.
grpc::ServerUnaryReactor* StartEmbed(grpc::CallbackServerContext* context, const v1::EmbedRequest& request,
                                     v1::EmbedResponse* response, const Serving& serving);

}  // namespace bitnet

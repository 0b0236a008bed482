// The calls that stream answers.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/rpc/serving.h"

namespace bitnet {

// For gRPC to run. `serving` outlives the calls, the rest is read before these return, but for `context`,
// which is gRPC's.
grpc::ServerWriteReactor<v1::GenerateResponse>* StartGenerate(grpc::CallbackServerContext* context,
                                                              const v1::GenerateRequest& request,
                                                              const Serving& serving);
grpc::ServerWriteReactor<v1::GenerateResponse>* StartResume(grpc::CallbackServerContext* context,
                                                            const v1::ResumeRequest& request,
                                                            const Serving& serving);
// Ends an answer that could be resumed. NOT_FOUND, as Resume.
absl::Status CancelAnswer(const grpc::CallbackServerContext& context, const v1::CancelRequest& request,
                          const Serving& serving);

}  // namespace bitnet

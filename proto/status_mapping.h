// absl::Status is what our code returns, grpc::Status what an rpc ends with. The codes have the same numbers
// and meanings, and payloads of the one are error details of the other, so nothing is lost.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace bitnet {

// A payload is a detail of the type that its URL names: "type.googleapis.com/google.rpc.RetryInfo".
grpc::Status ToGrpcStatus(const absl::Status& status);
// A code that gRPC does not define becomes UNKNOWN. Details that are no google.rpc.Status are dropped; of two
// of one type the last counts.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace bitnet

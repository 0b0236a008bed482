// absl::Status is what our code returns, grpc::Status what an rpc ends with. The codes have the same numbers
// and meanings, so nothing is lost but the payloads of absl::Status and the details of grpc::Status.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace bitnet {

grpc::Status ToGrpcStatus(const absl::Status& status);
// A code that gRPC does not define becomes UNKNOWN.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace bitnet

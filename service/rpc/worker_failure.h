// What a client is told when a call to a worker failed.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

// Whether the process or the connection broke, and not the request: another worker may do better.
bool IsWorkersFault(const grpc::Status& status);

// A worker's own verdict on the request passes as it is. Whatever means that the process or the connection
// broke becomes UNAVAILABLE: "worker W0 went away `progress`; try again". `progress` is "after 3 tokens".
absl::Status WorkerFailure(const std::string& worker, const std::string& progress,
                           const grpc::Status& status);

// A worker's verdict on `request`. One on its constraint, which begins with the field's name, says which
// field is wrong, as errors found here do.
absl::Status WorkerVerdict(const v1::GenerateRequest& request, const grpc::Status& status);

}  // namespace bitnet

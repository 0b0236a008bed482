// What a client is told when a call to a worker failed.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

namespace bitnet {

// Whether the process or the connection broke, and not the request: another worker may do better.
bool IsWorkersFault(const grpc::Status& status);

// A worker's own verdict on the request passes as it is. Whatever means that the process or the connection
// broke becomes UNAVAILABLE: "worker W0 went away `progress`; try again". `progress` is "after 3 tokens".
grpc::Status WorkerFailure(const std::string& worker, const std::string& progress,
                           const grpc::Status& status);

}  // namespace bitnet

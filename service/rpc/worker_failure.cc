#include "service/rpc/worker_failure.h"

#include "absl/strings/str_cat.h"

namespace bitnet {

bool IsWorkersFault(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:         // Ended without having said so: it was cut off.
    case grpc::StatusCode::CANCELLED:  // Not by us: the worker's server was torn down.
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::UNKNOWN:   // What gRPC makes of a stream that was reset without a status,
    case grpc::StatusCode::INTERNAL:  // and of one that was reset with some. Or it is a fault in our code.
      return true;
    default:
      return false;
  }
}

grpc::Status WorkerFailure(const std::string& worker, const std::string& progress,
                           const grpc::Status& status) {
  if (!IsWorkersFault(status) || status.error_code() == grpc::StatusCode::INTERNAL) {
    return status;
  }
  return {grpc::StatusCode::UNAVAILABLE,
          absl::StrCat("worker ", worker, " went away ", progress, "; try again")};
}

}  // namespace bitnet

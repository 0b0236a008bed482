#include "service/rpc/worker_failure.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/status_mapping.h"
#include "service/errors/detail_payload.h"
#include "service/errors/error_details.h"

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

absl::Status WorkerFailure(const std::string& worker, const std::string& progress,
                           const grpc::Status& status) {
  if (!IsWorkersFault(status) || status.error_code() == grpc::StatusCode::INTERNAL) {
    return FromGrpcStatus(status);
  }
  return WithReason(
      absl::UnavailableError(absl::StrCat("worker ", worker, " went away ", progress, "; try again")),
      "WORKER_LOST", {{"worker", worker}});
}

absl::Status WorkerVerdict(const v1::GenerateRequest& request, const grpc::Status& status) {
  const google::protobuf::OneofDescriptor* const constraint =
      v1::GenerateRequest::descriptor()->FindOneofByName("constraint");
  const google::protobuf::FieldDescriptor* const field =
      request.GetReflection()->GetOneofFieldDescriptor(request, constraint);
  absl::Status verdict = FromGrpcStatus(status);
  absl::string_view message = verdict.message();
  if (absl::IsInvalidArgument(verdict) && field != nullptr &&
      absl::ConsumePrefix(&message, absl::StrCat(field->name(), ": "))) {
    google::rpc::BadRequest details;
    details.add_field_violations()->set_field(field->name());
    details.mutable_field_violations(0)->set_description(std::string(message));
    SetDetail(verdict, details);
  }
  return verdict;
}

}  // namespace bitnet

#include "proto/status_mapping.h"

#include <string>

#include "absl/strings/cord.h"
#include "proto/google/rpc/status.pb.h"

namespace bitnet {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  google::rpc::Status details;
  status.ForEachPayload([&details](absl::string_view type_url, const absl::Cord& value) {
    google::protobuf::Any& detail = *details.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(value));
  });
  // gRPC sends any bytes, percent-encoded; it does not ask for UTF-8 here.
  const std::string message(status.message());
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (details.details().empty()) {
    return {code, message};
  }
  details.set_code(code);
  details.set_message(message);
  return {code, message, details.SerializeAsString()};
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  const int code = status.error_code();
  const bool known = code >= 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  absl::Status result(known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown,
                      status.error_message());
  if (google::rpc::Status details; details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : details.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace bitnet

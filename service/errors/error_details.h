// What an error tells a program besides its code and message: google.rpc's error details.
//
// They travel as payloads of absl::Status, so that whoever finds an error says what there is to say, and what
// a worker said passes through. ErrorReply is the one place where they become what a client reads.
#pragma once

#include <grpcpp/server_context.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bitnet {

// ErrorInfo: `reason` is UPPER_SNAKE_CASE and names the case for programs, `metadata` its figures. The domain
// is "bitnet.v1".
absl::Status WithReason(absl::Status status, std::string_view reason,
                        std::initializer_list<std::pair<std::string, std::string>> metadata = {});
// QuotaFailure: `subject` has used up what it may have.
absl::Status WithQuotaFailure(absl::Status status, const std::string& subject,
                              const std::string& description);
// RetryInfo.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);
// RequestInfo, on an error; OK stays as it is.
absl::Status WithRequestId(absl::Status status, const std::string& request_id);

// Of ErrorInfo; "" if there is none.
std::string ReasonOf(const absl::Status& status);
// The first one of BadRequest; "" as above.
std::string FirstWrongField(const absl::Status& status);

// What a call of the front ends with: `status` and its details. A delay after which to try again goes into
// the trailer grpc-retry-pushback-ms as well, which gRPC's own retries obey.
grpc::Status ErrorReply(const absl::Status& status, grpc::ServerContextBase& context);

}  // namespace bitnet

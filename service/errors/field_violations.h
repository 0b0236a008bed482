// What is wrong with the fields of a request.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "proto/google/rpc/error_details.pb.h"

namespace bitnet {

// Collects all of it, so that a client need not mend one field after the other.
class FieldViolations {
 public:
  // `description` continues the field's name: "is -1, wanted a number in [0, 100]".
  void Add(const std::string& field, const std::string& description);
  // INVALID_ARGUMENT whose message is the first violation, "sampling.temperature is -1, wanted ...", and
  // whose BadRequest has them all, up to kMost: trailers must stay small. OK if there are none.
  absl::Status status() const;

  static constexpr int kMost = 16;

 private:
  google::rpc::BadRequest found_;
};

// The same for one field.
absl::Status InvalidField(const std::string& field, const std::string& description);

// `status` with its wrong fields, if it has such, as those of the message at `path`: "prompt" becomes
// "inputs[3].prompt".
absl::Status InPath(const absl::Status& status, const std::string& path);

}  // namespace bitnet

#include "service/errors/field_violations.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "service/errors/detail_payload.h"

namespace bitnet {

void FieldViolations::Add(const std::string& field, const std::string& description) {
  if (found_.field_violations_size() < kMost) {
    google::rpc::BadRequest::FieldViolation& violation = *found_.add_field_violations();
    violation.set_field(field);
    violation.set_description(description);
  }
}

absl::Status FieldViolations::status() const {
  if (found_.field_violations().empty()) {
    return absl::OkStatus();
  }
  const google::rpc::BadRequest::FieldViolation& first = found_.field_violations(0);
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(first.field(), " ", first.description()));
  SetDetail(status, found_);
  return status;
}

absl::Status InvalidField(const std::string& field, const std::string& description) {
  FieldViolations violations;
  violations.Add(field, description);
  return violations.status();
}

absl::Status InPath(const absl::Status& status, const std::string& path) {
  const auto bad = GetDetail<google::rpc::BadRequest>(status);
  if (!bad.has_value()) {
    return status;
  }
  FieldViolations moved;
  for (const google::rpc::BadRequest::FieldViolation& violation : bad->field_violations()) {
    moved.Add(absl::StrCat(path, ".", violation.field()), violation.description());
  }
  return moved.status();
}

}  // namespace bitnet

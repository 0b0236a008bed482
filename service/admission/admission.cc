#include "service/admission/admission.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace bitnet {

absl::StatusOr<Admission::Place> Admission::Enter() {
  if (++waiting_ > max_waiting_) {
    --waiting_;
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d requests wait for their first token already, and no more than that may "
                        "(--max-waiting); try again later",
                        max_waiting_));
  }
  return Place(this);
}

}  // namespace bitnet

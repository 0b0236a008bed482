#include "service/admission/deadline_check.h"

#include <string>

#include "absl/strings/str_format.h"
#include "service/errors/error_details.h"

namespace bitnet {
namespace {

std::string SecondsText(absl::Duration duration) {
  return absl::StrFormat("%.3g", absl::ToDoubleSeconds(duration));
}

}  // namespace

absl::Status CheckDeadline(absl::Duration left, absl::Duration queue, std::optional<absl::Duration> prefill) {
  if (!prefill.has_value() || queue + *prefill <= left) {
    return absl::OkStatus();
  }
  const absl::Status status = absl::DeadlineExceededError(absl::StrFormat(
      "the deadline leaves %s s, and the first token is expected in %s s: %s s in the queue and %s s for the "
      "prompt; nothing was computed",
      SecondsText(left), SecondsText(queue + *prefill), SecondsText(queue), SecondsText(*prefill)));
  return WithReason(
      status, "DEADLINE_OUT_OF_REACH",
      {{"left_seconds", SecondsText(left)}, {"expected_seconds", SecondsText(queue + *prefill)}});
}

}  // namespace bitnet

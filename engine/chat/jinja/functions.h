// What templates call by name: range(), namespace(), raise_exception() and the like.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/chat/jinja/scope.h"

namespace bitnet::jinja {

// raise_exception()'s status has this code, and its message is the template's own, so that the caller can
// tell it from our complaints about the template.
inline constexpr absl::StatusCode kRaised = absl::StatusCode::kAborted;

// `now` is what strftime_now() shows, in `zone`.
void SetFunctions(absl::Time now, absl::TimeZone zone, Scope& scope);

}  // namespace bitnet::jinja

// The patterns by which PEFT gives some modules another rank or alpha.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet {

// Whether matching takes a regular expression's time, and not just a comparison's.
bool IsExpression(std::string_view pattern);

// Whether PEFT takes the key `pattern` of rank_pattern or alpha_pattern to mean `module`, such as
// "model.layers.0.self_attn.q_proj": the pattern is a regular expression that must match all of the name, or
// all of it from behind some dot. INVALID_ARGUMENT: it is no expression, or one that takes more than a
// bounded effort to match; the message quotes it.
absl::StatusOr<bool> MatchesModule(std::string_view pattern, std::string_view module);

}  // namespace bitnet

// Rosetta runs programs for Intel on Apple Silicon.
#pragma once

#include "absl/status/status.h"
#include "base/apple/chip.h"

namespace bitnet {

// FAILED_PRECONDITION for a translated process: it answers correctly, but many times slower than this program
// built for the chip, and nothing else would tell why.
absl::Status CheckNotTranslated(const AppleChip& chip);

}  // namespace bitnet

// Options of an engine, from C.
#pragma once

#include "absl/status/statusor.h"
#include "bitnet/bitnet.h"
#include "engine/engine.h"

namespace bitnet {

// `given` may be null. INVALID_ARGUMENT or UNIMPLEMENTED names the field that is wrong, or that we do not
// know.
absl::StatusOr<EngineOptions> ReadEngineOptions(const bitnet_engine_options* given);

}  // namespace bitnet

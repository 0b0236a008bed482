// The keys and values at the beginning of a GGUF file.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model/byte_reader.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Reads `count` pairs: a string, the number of a value type, and the value. A string is an 8-byte length and
// its bytes; an array is a type, an 8-byte count and its items. DATA_LOSS or, for arrays of arrays,
// UNIMPLEMENTED; both name the key.
absl::StatusOr<ModelKeys> ReadGgufKeys(ByteReader& reader, uint64_t count);

// A key or tensor name as messages show it: quoted, with bytes a terminal would not like escaped.
std::string QuoteName(std::string_view name);

}  // namespace bitnet

// Rows as the codes of another type, with one scale for each group of that type's.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/formats/format.h"
#include "engine/formats/row_decoder.h"

namespace bitnet {

struct RowCodes {
  std::vector<int8_t> codes;   // [k]
  std::vector<float> scales;   // [k / group] of the type to write.
  std::vector<float> scratch;  // [k]
};

// Neighbours that share a scale in `format` where rows have k weights.
size_t GroupWeights(const Format& format, size_t k);

// Reads a row as codes of `to`. `buffers` may come from another row. DATA_LOSS: the row holds something that
// is no weight. INVALID_ARGUMENT says which weight `to` has no code for, or which scales differ that are one
// there; a group of zeros goes with any scale. Floats are made codes by the type's quantiser, or if it has
// none must be 0 or plus or minus one value. Messages begin with the row.
absl::Status ReadAsCodes(const RowDecoder& source, const Format& to, size_t row, RowCodes& buffers);

}  // namespace bitnet

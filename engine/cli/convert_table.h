// What became, or would become, of each tensor, as a table.
#pragma once

#include <span>
#include <string>

#include "engine/convert/plan.h"
#include "engine/formats/row_encoder.h"

namespace bitnet {

// One line per tensor: name, types, bits per weight, error, reason. Unless `every_tensor`, equal lines of
// different layers are one, with an asterisk for the layer, how many there are and the largest error. The
// error is the root mean square of the differences as a part of the weights'; "exact" if there are none.
// `errors` has one for each plan, or is empty before anything was written: then there is no such column.
std::string ConversionTable(std::span<const TensorPlan> plans, std::span<const EncodeError> errors,
                            bool every_tensor);

// "exact", "2.1e-04".
std::string ErrorInWords(const EncodeError& error);

}  // namespace bitnet

// Compares a written tensor with the one it was made from.
#pragma once

#include "absl/status/statusor.h"
#include "engine/convert/plan.h"
#include "engine/formats/row_encoder.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {

// Decodes both, row by row, and says how far they are apart. `written` is from the file that was written and
// `source` from the one that was read. DATA_LOSS names the tensor: it has another type, shape or size than
// planned, weights that are not finite, weights of a type with codes that differ by more than a rounding of
// their scale to half precision, or bytes that were to be copied and differ.
absl::StatusOr<EncodeError> VerifyTensor(const ModelTensor& source, const ModelTensor& written,
                                         const TensorPlan& plan, I2sLayout i2s, ThreadPool& pool);

}  // namespace bitnet

// One tensor's bytes as planned.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/convert/plan.h"
#include "engine/formats/row_decoder.h"
#include "engine/formats/row_encoder.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {

// Encodes a matrix as an interchange type with all threads of the pool. Errors are those of RowEncoder.
absl::StatusOr<EncodedTensor> EncodeInParallel(const RowDecoder& source, GgmlType to, std::string_view name,
                                               ThreadPool& pool);

// What `plan` makes of `tensor`. Where the bytes stay, the result is a view of them; else they are in
// `memory`, which holds nothing else afterwards. INVALID_ARGUMENT: the type cannot hold what the tensor turns
// out to; DATA_LOSS: it holds what is no weight. Both name the tensor.
absl::StatusOr<std::span<const uint8_t>> ConvertTensor(const ModelTensor& tensor, const TensorPlan& plan,
                                                       I2sLayout i2s, ThreadPool& pool,
                                                       std::vector<uint8_t>& memory);

}  // namespace bitnet

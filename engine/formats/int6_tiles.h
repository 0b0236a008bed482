// 6-bit tensors written without looking back, for heads that are quantised at load. RowEncoder, which
// measures what is lost, writes the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/formats/row_decoder.h"

namespace bitnet {

// Rows [begin, end) of `source`, whose k is a multiple of 32, into `tensor`, which has GgmlTensorBytes() of
// type kPackedInt6. Safe to call concurrently for disjoint rows. False: a row holds something that is no
// weight, and so does the tensor.
bool EncodeInt6Rows(const RowDecoder& source, size_t begin, size_t end, std::span<uint8_t> tensor);

// The bytes that are no row's.
void FinishInt6Tensor(size_t rows, size_t k, std::span<uint8_t> tensor);

}  // namespace bitnet

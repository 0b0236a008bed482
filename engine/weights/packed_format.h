// Packed tensors: the layouts of our kernels as they stand in a file, so that mapping it is all the loading
// there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"
#include "engine/model/packed_footer.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/matrix.h"

namespace bitnet {

// The data of a tensor of shape {k, rows} and type
//
//   kPacked2Bit         tiles of kernels/ternary_gemm, layout 2bit_r16k16;
//   kPackedBase3        tiles of kernels/base3_gemm, layout base3_r16k20;
//   kPackedGrouped1Bit  tiles of kernels/grouped_gemm, layout 1bit_r16k32, then half-precision scales
//                       [tiles, k / group, 16];
//   kPackedGrouped2Bit  tiles of kernels/grouped_gemm, layout 2bit_r16k16, then scales likewise;
//   kQ1K                tiles of kernels/sign_gemm, layout 1bit_r8k64, then float scales [tiles * 8];
//   kPackedInt6         tiles of kernels/int6_gemm, layout 6bit_r16k32, then int8 scales [tiles, k / 32, 16,
//   2],
//                       then float scales [tiles * 16];
//
// and then a footer of 64 bytes (PackedFooter). Everything before the footer is a multiple of 32 bytes, tiles
// of 64, so that in a file aligned to pages every tile is aligned to a cache line. Rows that fill up the last
// tile are zeros: code 1 of 2 bits, trit 1, bit 0 with scale 0.

bool IsPacked(GgmlType type);

// The size of such a tensor's data. `group` as in the footer.
uint64_t PackedBytes(GgmlType type, uint64_t rows, uint64_t k, uint64_t group);

// What a packed tensor says, checked against its size; the result points into the tensor's data.
// `activations` is left for the caller to set. DATA_LOSS names the tensor.
absl::StatusOr<Matrix> ParsePacked(const ModelTensor& tensor);

// Where the scales of groups or rows begin in it; the footer's offset in layouts without them.
uint64_t PackedScalesOffset(GgmlType type, uint64_t rows, uint64_t k);

// Whether `type`, with groups of `group` weights (0 without), can hold the codes of `source`, and if not,
// why: UNIMPLEMENTED. Scales are rounded to half precision in types with groups; types with one scale take
// the one they are given.
absl::Status CheckPackable(const RowDecoder& source, GgmlType type, size_t group);

// All scales of `source` where they are one and the same (groups of zeros aside), as FindUniformScale found.
struct UniformScale {
  bool uniform = false;
  float scale = 0;
};
// Reads all rows. DATA_LOSS: a row holds something that is no weight.
absl::StatusOr<UniformScale> FindUniformScale(const RowDecoder& source, ThreadPool& pool);

// Packs a matrix that passed CheckPackable into `out`, PackedBytes() long. `scale` is the one for all
// weights, used by the layouts that have one. DATA_LOSS: a row holds something that is no weight.
absl::Status PackMatrix(const RowDecoder& source, GgmlType type, size_t group, float scale, ThreadPool& pool,
                        std::span<uint8_t> out);

}  // namespace bitnet

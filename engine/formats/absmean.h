// BitNet's quantisation of float weights, as its training does it on every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/formats/format.h"

namespace bitnet {

// 1 / max(mean |w|, 1e-5) over all weights of a matrix of a float type. Nothing if one is not finite.
std::optional<float> AbsmeanInverse(const StoredMatrix& matrix, DecodeFloats* decode);

// Codes of weights [begin, begin + count): w * inverse rounded half to even, clamped to [-1, 1]. They stand
// for code / inverse. `count` is at most kMaxChunk.
void AbsmeanCodes(const StoredMatrix& matrix, DecodeFloats* decode, float inverse, size_t row, size_t begin,
                  size_t count, int8_t* out);

}  // namespace bitnet

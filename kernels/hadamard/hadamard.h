// The fast Walsh-Hadamard transform that some models put before a projection, so that outliers spread over
// all elements and quantise better. Sums of pairs only, so plain loops give the same bits everywhere.
#pragma once

#include <cstddef>

namespace bitnet {

// Multiplies each block of `block` elements of x, in place, by the Sylvester matrix H / sqrt(block), with
// H[i][j] = -1 to the number of ones in i & j: an orthogonal matrix, and its own inverse. `block` is a power
// of two and divides n. If `signs` is not null, x[i] is multiplied by signs[i], each -1 or +1, i in [0, n),
// first.
//
// Rounding: for half = 1, 2, 4, ... below `block`, each pair (a, b) of elements whose index within the block
// differs in that bit becomes (a + b, a - b); then each element is multiplied once, by the float nearest to
// 1 / sqrt(block).
void Hadamard(size_t n, size_t block, const float* signs, float* x);

}  // namespace bitnet

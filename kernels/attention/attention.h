// One query head over the keys and values of one sequence, held in blocks.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// One query's operands. Key t lives in block t / block_tokens at
//   key_blocks[t / block_tokens] + head_offset + (t % block_tokens) * head_dim
// and value t likewise in value_blocks. Keys are counted from position 0 of the sequence.
struct AttentionArgs {
  size_t head_dim;      // A multiple of 4, at most 256.
  size_t num_keys;      // At least 1: positions 0 .. num_keys-1 are attended to.
  size_t block_tokens;  // A multiple of 16.
  const float* const* key_blocks;
  const float* const* value_blocks;
  size_t head_offset;  // Elements from a block's start to this head's [block_tokens, head_dim].
  const float* query;  // [head_dim]
  float scale;         // 1 / sqrt(head_dim), multiplied into every score.
  float* scores;       // Scratch for num_keys rounded up to 16 floats.
  float* out;          // [head_dim]
};

// scores[t] = dot(query, key t) * scale, the dot in 16 interleaved lanes as in float_gemm.h;
// m = max of scores; p[t] = Exp(scores[t] - m) by kernels/math/exp.h; their sum in 16 lanes (lane t mod 16,
// each lane adding in rising t, then the fold by halves); out[d] = (fma chain over rising t, from +0, of p[t]
// * value[t][d])
// * (1 / sum). The order counts from position 0, so neither chunking nor batching moves a rounding, and
// every variant gives the same bits. Safe to call concurrently on disjoint scores and out.
using Attention = void(const AttentionArgs& args);

struct AttentionKernel {
  const char* name;
  CpuFeatures needs;
  Attention* run;
};

std::span<const AttentionKernel> AttentionKernels();
const AttentionKernel& SelectAttention(CpuFeatures have);

Attention AttentionPortable, AttentionX86Avx2, AttentionX86Avx512Vnni, AttentionArmNeonDot;

}  // namespace bitnet

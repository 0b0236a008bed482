// Attention of the query heads that share a key-value head, over a chunk of the keys; and what joins chunks.
//
// Decoding a long context reads all its keys and values for one token, so a tile is read, and widened to
// float, once for all query heads of its group and for several tokens of a prompt; and the keys are cut into
// chunks so that one sequence keeps all threads busy.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/attention/kv_tile.h"
#include "kernels/cpu_features.h"

namespace bitnet {

// 16 tiles: of 128 elements in f16 128 KiB, some 10 us of reading, so a context of 4096 has work for 16
// threads a head; and the scores of 16 queries, 16 KiB, stay in the first cache.
inline constexpr size_t kAttentionChunk = 256;

// Chunks of so many keys.
constexpr size_t NumAttentionChunks(size_t keys) { return (keys + kAttentionChunk - 1) / kAttentionChunk; }

// Floats before the sums in a partial: maximum, total, and what aligns the sums to a cache line.
inline constexpr size_t kPartialHeader = 16;

// Floats of a partial: what one query has of one chunk.
constexpr size_t PartialSize(size_t head_dim) { return kPartialHeader + (head_dim + 15) / 16 * 16; }

// One chunk of one key-value head, for `num_tokens` consecutive positions of a sequence with `group` queries
// each. Query g of token i, row i * group + g, attends to the chunk's first min(num_keys + i, 256) keys.
struct AttentionArgs {
  KvType type;
  size_t head_dim;
  size_t num_tokens;
  size_t group;
  size_t num_keys;                 // 1 to kAttentionChunk, of the first token.
  const std::byte* const* blocks;  // Of the chunk: its tile i lies at blocks[i] + tile_offset.
  size_t tile_offset;              // In bytes; tiles (kv_tile.h) are aligned to 4.
  const float* query;              // [num_tokens, group, head_dim]
  size_t token_stride;             // From a token's queries to the next one's.
  float scale;                     // 1 / sqrt(head_dim), multiplied into every score.
  float* scores;                   // Scratch, [num_tokens * group, kAttentionChunk].
  float* partials;                 // One for each row.
  size_t partial_stride;           // From one to the next, at least PartialSize(head_dim).
};

// Chunks are counted from position 0: chunk c has keys 256 c to 256 c + 255. With q the query, k and v the
// floats that the tile's elements stand for (of int8 the codes, whose scales come apart), and keys t of the
// chunk:
//
//   dot[t]     chain of fused multiply-adds over rising d, from +0, of q[d] * k[t][d]; int8: * key scale of t
//   score[t] = dot[t] * scale
//   maximum  = the largest score; of a zero the sign is left open, and nothing below depends on it
//   p[t]     = SoftmaxExp(score[t] - maximum)
//   total    = p summed in 16 lanes, lane t mod 16 adding in rising t, then folded by halves
//   w[t]     = p[t]; int8: * value scale of t
//   sum[d]   = chain of fused multiply-adds over rising t, from +0, of w[t] * v[t][d]
//
// A partial is maximum and total, then at kPartialHeader the sums; what lies between and behind is scratch.
// Nothing here depends on which tokens or heads share a call or on who computes which chunk, and every
// variant gives the same bits. Reads whole tiles, but what it makes of positions that nobody attends to is
// lost. Safe to call concurrently on disjoint scores and partials.
using AttendChunk = void(const AttentionArgs& args);

// Joins the chunks of one query into out, [head_dim]: partial c lies at partials + c * stride.
//
//   m      = the largest maximum
//   w[c]   = SoftmaxExp(maximum[c] - m)
//   total  = chain of fused multiply-adds over rising c, from +0, of w[c] * total[c]
//   out[d] = (chain of fused multiply-adds over rising c, from +0, of w[c] * sum[c][d]) * (1 / total)
using JoinChunks = void(size_t head_dim, size_t num_chunks, float* partials, size_t stride, float* out);

struct AttentionKernel {
  const char* name;
  CpuFeatures needs;
  AttendChunk* run;
  JoinChunks* join;
};

std::span<const AttentionKernel> AttentionKernels();
const AttentionKernel& SelectAttention(CpuFeatures have);

AttendChunk AttendChunkPortable, AttendChunkX86Avx2, AttendChunkX86Avx512Vnni, AttendChunkArmNeonDot;
JoinChunks JoinChunksPortable, JoinChunksX86Avx2, JoinChunksX86Avx512Vnni, JoinChunksArmNeonDot;

}  // namespace bitnet

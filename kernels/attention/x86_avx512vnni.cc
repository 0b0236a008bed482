#include <immintrin.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 lanes of a dot product or of the softmax's sum are one register.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kMaxHeadDim = 256;
// 8 keys: 8 sums hide the latency of fused multiply-add, and folding them together costs few shuffles.
constexpr size_t kKeys = 8;

const float* Row(const AttentionArgs& args, const float* const* blocks, size_t t) {
  return blocks[t / args.block_tokens] + args.head_offset + t % args.block_tokens * args.head_dim;
}

// The lanes of 16 that elements [i, n) fill. Masked lanes are neither read nor written.
__mmask16 Present(size_t i, size_t n) {
  return n - i >= kLanes ? __mmask16{0xffff} : static_cast<__mmask16>((1u << (n - i)) - 1);
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Fold() of two registers: the 8 lanes of a, then those of b.
__m512 FoldTo8(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

// From registers of 2 x 8 lanes to one of 4 x 4 lanes.
__m512 FoldTo4(__m512 ab, __m512 cd) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
}

// The folds of 8 registers, in order.
__m256 FoldEach(const __m512 (&s)[kKeys]) {
  const __m512 abcd = FoldTo4(FoldTo8(s[0], s[1]), FoldTo8(s[2], s[3]));
  const __m512 efgh = FoldTo4(FoldTo8(s[4], s[5]), FoldTo8(s[6], s[7]));
  // a0 a1 e0 e1, b0 b1 f0 f1, ...; then sums at even places: a . e . b . f . c . g . d . h .
  const __m512 two = _mm512_add_ps(_mm512_shuffle_ps(abcd, efgh, 0x44), _mm512_shuffle_ps(abcd, efgh, 0xee));
  const __m512 one = _mm512_add_ps(two, _mm512_movehdup_ps(two));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, one));
}

// Scores of all keys, and -infinity, which Exp() takes to +0, up to the next multiple of 16. Returns the
// maximum.
float Scores(const AttentionArgs& args) {
  float query[kMaxHeadDim] = {};
  for (size_t d = 0; d < args.head_dim; ++d) query[d] = args.query[d];
  for (size_t t = 0; t < args.num_keys; t += kKeys) {
    const float* keys[kKeys];
    for (size_t i = 0; i < kKeys; ++i) {
      // Past the end the last key again; its scores are overwritten below.
      keys[i] = Row(args, args.key_blocks, t + i < args.num_keys ? t + i : args.num_keys - 1);
    }
    __m512 sums[kKeys];
    for (__m512& sum : sums) sum = _mm512_setzero_ps();
    for (size_t d = 0; d < args.head_dim; d += kLanes) {
      const __m512 q = _mm512_loadu_ps(query + d);
      const __mmask16 present = Present(d, args.head_dim);
      for (size_t i = 0; i < kKeys; ++i) {
        sums[i] = _mm512_fmadd_ps(q, _mm512_maskz_loadu_ps(present, keys[i] + d), sums[i]);
      }
    }
    _mm256_storeu_ps(args.scores + t, _mm256_mul_ps(FoldEach(sums), _mm256_set1_ps(args.scale)));
  }
  for (size_t t = args.num_keys; t % kLanes != 0; ++t) args.scores[t] = -__builtin_inff();
  __m512 max = _mm512_loadu_ps(args.scores);
  for (size_t t = kLanes; t < args.num_keys; t += kLanes) {
    max = _mm512_max_ps(max, _mm512_loadu_ps(args.scores + t));
  }
  return _mm512_reduce_max_ps(max);
}

// kernels/math/exp.h
__m512 Exp(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(kExpLog2E)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-kExpLn2Hi), x);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(-kExpLn2Lo), r);
  __m512 p = _mm512_set1_ps(kExpC7);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kExpC6));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kExpC5));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kExpC4));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kExpC3));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(kExpC2));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  const __mmask16 normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(kExpMin), _CMP_NLT_UQ);
  return _mm512_maskz_mul_ps(normal, p, _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23)));
}

// Scores become p; returns their sum.
float Softmax(const AttentionArgs& args, float max) {
  __m512 sums = _mm512_setzero_ps();
  for (size_t t = 0; t < args.num_keys; t += kLanes) {
    const __m512 p = Exp(_mm512_sub_ps(_mm512_loadu_ps(args.scores + t), _mm512_set1_ps(max)));
    _mm512_storeu_ps(args.scores + t, p);
    sums = _mm512_add_ps(sums, p);
  }
  return Fold(sums);
}

// out[d] for `kVectors` registers from `begin` on, of which the last takes the elements in `last` only.
template <int kVectors>
void WeighValues(const AttentionArgs& args, size_t begin, __mmask16 last, float inv) {
  __m512 out[kVectors];
  for (__m512& v : out) v = _mm512_setzero_ps();
  for (size_t t0 = 0; t0 < args.num_keys; t0 += args.block_tokens) {
    const float* value = Row(args, args.value_blocks, t0) + begin;
    const size_t end = t0 + args.block_tokens < args.num_keys ? t0 + args.block_tokens : args.num_keys;
    for (size_t t = t0; t < end; ++t, value += args.head_dim) {
      const __m512 p = _mm512_set1_ps(args.scores[t]);
      for (int i = 0; i < kVectors - 1; ++i) {
        out[i] = _mm512_fmadd_ps(p, _mm512_loadu_ps(value + i * kLanes), out[i]);
      }
      const __m512 v = _mm512_maskz_loadu_ps(last, value + (kVectors - 1) * kLanes);
      out[kVectors - 1] = _mm512_fmadd_ps(p, v, out[kVectors - 1]);
    }
  }
  for (int i = 0; i < kVectors; ++i) {
    _mm512_mask_storeu_ps(args.out + begin + i * kLanes, i + 1 < kVectors ? __mmask16{0xffff} : last,
                          _mm512_mul_ps(out[i], _mm512_set1_ps(inv)));
  }
}

using RunWeighValues = void(const AttentionArgs& args, size_t begin, __mmask16 last, float inv);
constexpr size_t kMaxVectors = 8;
constexpr RunWeighValues* kWeighValues[kMaxVectors + 1] = {nullptr,        WeighValues<1>, WeighValues<2>,
                                                           WeighValues<3>, WeighValues<4>, WeighValues<5>,
                                                           WeighValues<6>, WeighValues<7>, WeighValues<8>};

}  // namespace

void AttentionX86Avx512Vnni(const AttentionArgs& args) {
  const float inv = 1.0f / Softmax(args, Scores(args));
  for (size_t begin = 0; begin < args.head_dim; begin += kMaxVectors * kLanes) {
    const size_t left = args.head_dim - begin;
    const size_t vectors = left < kMaxVectors * kLanes ? (left + kLanes - 1) / kLanes : kMaxVectors;
    kWeighValues[vectors](args, begin, Present((vectors - 1) * kLanes, left), inv);
  }
}

}  // namespace bitnet

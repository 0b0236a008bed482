#include <immintrin.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 lanes of a dot product or of the softmax's sum are two registers: lanes 0-7 and 8-15.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWidth = 8;
constexpr size_t kMaxHeadDim = 256;
// 4 keys: 8 sums, a half of the query and a key fit the 16 registers and hide the latency.
constexpr size_t kKeys = 4;

struct Lanes {
  __m256 half[2];
};

const float* Row(const AttentionArgs& args, const float* const* blocks, size_t t) {
  return blocks[t / args.block_tokens] + args.head_offset + t % args.block_tokens * args.head_dim;
}

// The elements of 8 that [i, n) fills, for VMASKMOVPS, which neither reads nor writes the others.
__m256i Present(size_t i, size_t n) {
  const size_t left = i < n ? n - i : 0;
  const int count = static_cast<int>(left < kWidth ? left : kWidth);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.half[0], lanes.half[1]);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Fold() of 2 x 8 lanes to 2 x 4.
__m256 FoldTo4(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

// The folds of 4 keys' lanes, in order.
__m128 FoldEach(const Lanes (&s)[kKeys]) {
  __m256 eight[kKeys];
  for (size_t i = 0; i < kKeys; ++i) eight[i] = _mm256_add_ps(s[i].half[0], s[i].half[1]);
  const __m256 ab = FoldTo4(eight[0], eight[1]);
  const __m256 cd = FoldTo4(eight[2], eight[3]);
  // a0 a1 c0 c1, b0 b1 d0 d1; then sums at even places: a . c . b . d .
  const __m256 two = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
  const __m256 one = _mm256_add_ps(two, _mm256_movehdup_ps(two));
  const __m256i order = _mm256_setr_epi32(0, 4, 2, 6, 0, 0, 0, 0);
  return _mm256_castps256_ps128(_mm256_permutevar8x32_ps(one, order));
}

void AddProducts(const float* query, const float* key, __m256i present0, __m256i present1, Lanes& lanes) {
  const __m256 k0 = _mm256_maskload_ps(key, present0);
  const __m256 k1 = _mm256_maskload_ps(key + kWidth, present1);
  lanes.half[0] = _mm256_fmadd_ps(_mm256_loadu_ps(query), k0, lanes.half[0]);
  lanes.half[1] = _mm256_fmadd_ps(_mm256_loadu_ps(query + kWidth), k1, lanes.half[1]);
}

// Four dot products; `query` is padded with +0 to a multiple of 16.
__m128 Dots(size_t head_dim, const float* query, const float* const (&keys)[kKeys]) {
  Lanes sums[kKeys];
  for (Lanes& sum : sums) sum.half[0] = sum.half[1] = _mm256_setzero_ps();
  size_t d = 0;
  for (; d + kLanes <= head_dim; d += kLanes) {
    for (size_t h = 0; h < 2; ++h) {
      const __m256 q = _mm256_loadu_ps(query + d + kWidth * h);
      for (size_t i = 0; i < kKeys; ++i) {
        sums[i].half[h] = _mm256_fmadd_ps(q, _mm256_loadu_ps(keys[i] + d + kWidth * h), sums[i].half[h]);
      }
    }
  }
  if (d < head_dim) {
    // Absent elements take part as +0.
    const __m256i present0 = Present(d, head_dim);
    const __m256i present1 = Present(d + kWidth, head_dim);
    for (size_t i = 0; i < kKeys; ++i) AddProducts(query + d, keys[i] + d, present0, present1, sums[i]);
  }
  return FoldEach(sums);
}

float Max(__m256 x) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
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
    _mm_storeu_ps(args.scores + t, _mm_mul_ps(Dots(args.head_dim, query, keys), _mm_set1_ps(args.scale)));
  }
  for (size_t t = args.num_keys; t % kLanes != 0; ++t) args.scores[t] = -__builtin_inff();
  __m256 max = _mm256_loadu_ps(args.scores);
  for (size_t t = kWidth; t < args.num_keys; t += kWidth) {
    max = _mm256_max_ps(max, _mm256_loadu_ps(args.scores + t));
  }
  return Max(max);
}

// kernels/math/exp.h
__m256 Exp(__m256 x) {
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(kExpLog2E)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-kExpLn2Hi), x);
  r = _mm256_fmadd_ps(n, _mm256_set1_ps(-kExpLn2Lo), r);
  __m256 p = _mm256_set1_ps(kExpC7);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpC6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpC5));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpC4));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpC3));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpC2));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  const __m256 result = _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
  return _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(kExpMin), _CMP_LT_OQ), result);
}

// Scores become p; returns their sum.
float Softmax(const AttentionArgs& args, float max) {
  Lanes sums = {{_mm256_setzero_ps(), _mm256_setzero_ps()}};
  for (size_t t = 0; t < args.num_keys; t += kLanes) {
    for (size_t h = 0; h < 2; ++h) {
      float* scores = args.scores + t + kWidth * h;
      const __m256 p = Exp(_mm256_sub_ps(_mm256_loadu_ps(scores), _mm256_set1_ps(max)));
      _mm256_storeu_ps(scores, p);
      sums.half[h] = _mm256_add_ps(sums.half[h], p);
    }
  }
  return Fold(sums);
}

// out[d] for `kVectors` registers from `begin` on, of which the last takes the elements in `last` only.
template <int kVectors>
void WeighValues(const AttentionArgs& args, size_t begin, __m256i last, float inv) {
  __m256 out[kVectors];
  for (__m256& v : out) v = _mm256_setzero_ps();
  for (size_t t0 = 0; t0 < args.num_keys; t0 += args.block_tokens) {
    const float* value = Row(args, args.value_blocks, t0) + begin;
    const size_t end = t0 + args.block_tokens < args.num_keys ? t0 + args.block_tokens : args.num_keys;
    for (size_t t = t0; t < end; ++t, value += args.head_dim) {
      const __m256 p = _mm256_set1_ps(args.scores[t]);
      for (int i = 0; i < kVectors - 1; ++i) {
        out[i] = _mm256_fmadd_ps(p, _mm256_loadu_ps(value + i * kWidth), out[i]);
      }
      const __m256 v = _mm256_maskload_ps(value + (kVectors - 1) * kWidth, last);
      out[kVectors - 1] = _mm256_fmadd_ps(p, v, out[kVectors - 1]);
    }
  }
  const __m256 factor = _mm256_set1_ps(inv);
  for (int i = 0; i < kVectors - 1; ++i) {
    _mm256_storeu_ps(args.out + begin + i * kWidth, _mm256_mul_ps(out[i], factor));
  }
  _mm256_maskstore_ps(args.out + begin + (kVectors - 1) * kWidth, last,
                      _mm256_mul_ps(out[kVectors - 1], factor));
}

using RunWeighValues = void(const AttentionArgs& args, size_t begin, __m256i last, float inv);
constexpr size_t kMaxVectors = 8;
constexpr RunWeighValues* kWeighValues[kMaxVectors + 1] = {nullptr,        WeighValues<1>, WeighValues<2>,
                                                           WeighValues<3>, WeighValues<4>, WeighValues<5>,
                                                           WeighValues<6>, WeighValues<7>, WeighValues<8>};

}  // namespace

void AttentionX86Avx2(const AttentionArgs& args) {
  const float inv = 1.0f / Softmax(args, Scores(args));
  for (size_t begin = 0; begin < args.head_dim; begin += kMaxVectors * kWidth) {
    const size_t left = args.head_dim - begin;
    const size_t vectors = left < kMaxVectors * kWidth ? (left + kWidth - 1) / kWidth : kMaxVectors;
    kWeighValues[vectors](args, begin, Present((vectors - 1) * kWidth, left), inv);
  }
}

}  // namespace bitnet

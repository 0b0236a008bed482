#include <immintrin.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 positions of a tile, or 16 elements of a value, are two registers.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWidth = 8;
// 6 rows: 12 sums, a tile's 16 elements and the row's factor fit the 16 registers. 4 rows already keep both
// multipliers busy. The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
constexpr size_t kMaxRows = 6;
constexpr size_t kWeight = 2;  // Where a partial keeps its weight while chunks are joined.

struct Lanes {
  __m256 low, high;
};

// The next 8 elements as floats.
__m256 Load8(const float* p) { return _mm256_loadu_ps(p); }
__m256 Load8(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
__m256 Load8(const int8_t* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}

template <typename T>
Lanes Load(const T* p) {
  return {Load8(p), Load8(p + kWidth)};
}

void Store(float* p, const Lanes& x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + kWidth, x.high);
}

Lanes Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }

Lanes Multiply(const Lanes& a, const Lanes& b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}

// sum + *factor * x
Lanes AddProducts(const float* factor, const Lanes& x, const Lanes& sum) {
  const __m256 f = _mm256_broadcast_ss(factor);
  return {_mm256_fmadd_ps(f, x.low, sum.low), _mm256_fmadd_ps(f, x.high, sum.high)};
}

template <typename T>
struct Tile {
  static constexpr bool kScaled = sizeof(T) == 1;

  Tile(const AttentionArgs& args, size_t i) {
    const std::byte* at = args.blocks[i] + args.tile_offset;
    scales = reinterpret_cast<const float*>(at);
    keys = reinterpret_cast<const T*>(kScaled ? at + 2 * kLanes * sizeof(float) : at);
    values = keys + args.head_dim * kLanes;
  }

  const float* scales;  // Of keys, then of values.
  const T* keys;
  const T* values;
};

// The elements of 8 that [i, n) fills, for VMASKMOVPS, which does not write the others.
__m256i Present(size_t i, size_t n) {
  const size_t left = i < n ? n - i : 0;
  const int count = static_cast<int>(left < kWidth ? left : kWidth);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

size_t RoundUp(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Keys of this chunk that row `row` attends to.
size_t NumKeys(const AttentionArgs& args, size_t row) {
  const size_t num_keys = args.num_keys + row / args.group;
  return num_keys < kAttentionChunk ? num_keys : kAttentionChunk;
}

// Rows to compute at once when `left` are left: all, or so that no row stays alone.
size_t RowsAtOnce(size_t left) { return left <= kMaxRows ? left : left <= 8 ? 4 : kMaxRows; }

// Scores of a tile's 16 positions for rows `row` and following. The next tile's keys are fetched meanwhile,
// or after the last the first tile's values: a tile is a page, at which the hardware's own fetching stops.
template <typename T, size_t kRows>
void ScoreTile(const AttentionArgs& args, size_t i, size_t row, const T* next) {
  const Tile<T> tile(args, i);
  const size_t head_dim = args.head_dim;
  const float* query[kRows];
  Lanes dots[kRows];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    query[r] = args.query + (row + r) / args.group * args.token_stride + (row + r) % args.group * head_dim;
    dots[r] = Zero();
  }
  for (size_t d = 0; d < head_dim; ++d) {
    const Lanes keys = Load(tile.keys + d * kLanes);
    _mm_prefetch(reinterpret_cast<const char*>(next + d * kLanes), _MM_HINT_T0);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) dots[r] = AddProducts(query[r] + d, keys, dots[r]);
  }
  const __m256 scale = _mm256_set1_ps(args.scale);
  float* scores = args.scores + row * kAttentionChunk + i * kLanes;
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    if (tile.kScaled) dots[r] = Multiply(dots[r], Load(tile.scales));
    Store(scores + r * kAttentionChunk, Multiply(dots[r], {scale, scale}));
  }
}

float Max(__m256 x) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.low, lanes.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
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

// A row's scores become its values' weights. Scores past the last key become -infinity, which Exp() takes to
// +0, up to the next multiple of 16.
template <typename T>
void Softmax(const AttentionArgs& args, size_t row) {
  float* scores = args.scores + row * kAttentionChunk;
  const size_t num_keys = NumKeys(args, row);
  for (size_t t = num_keys; t % kLanes != 0; ++t) scores[t] = -__builtin_inff();
  __m256 maxima = _mm256_loadu_ps(scores);
  for (size_t t = kWidth; t < num_keys; t += kWidth) {
    maxima = _mm256_max_ps(maxima, _mm256_loadu_ps(scores + t));
  }
  const float max = Max(maxima);
  Lanes totals = Zero();
  for (size_t t = 0; t < num_keys; t += kLanes) {
    const Tile<T> tile(args, t / kLanes);
    Lanes p = Load(scores + t);
    p.low = Exp(_mm256_sub_ps(p.low, _mm256_set1_ps(max)));
    p.high = Exp(_mm256_sub_ps(p.high, _mm256_set1_ps(max)));
    totals = {_mm256_add_ps(totals.low, p.low), _mm256_add_ps(totals.high, p.high)};
    if (tile.kScaled) p = Multiply(p, Load(tile.scales + kLanes));
    Store(scores + t, p);
  }
  float* partial = args.partials + row * args.partial_stride;
  partial[0] = max;
  partial[1] = Fold(totals);
}

// Adds a tile's values from `begin` to `end` to the sums of rows `row` and following, and fetches `next`.
template <typename T, size_t kRows>
void WeighTile(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end, const T* next) {
  const Tile<T> tile(args, i);
  const size_t stride = RoundUp(args.head_dim);
  const float* weights = args.scores + row * kAttentionChunk + i * kLanes;
  const size_t partial_stride = args.partial_stride;
  const bool first = i == 0 && begin == 0;
  for (size_t d = 0; d < stride; d += kLanes) {
    float* partial = args.partials + row * partial_stride + kPartialHeader + d;
    Lanes sums[kRows];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) sums[r] = first ? Zero() : Load(partial + r * partial_stride);
    for (size_t t = begin; t < end; ++t) {
      const Lanes values = Load(tile.values + t * stride + d);
      _mm_prefetch(reinterpret_cast<const char*>(next + (d + t) * kLanes), _MM_HINT_T0);
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) {
        sums[r] = AddProducts(weights + r * kAttentionChunk + t, values, sums[r]);
      }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) Store(partial + r * partial_stride, sums[r]);
  }
}

template <typename T>
using RunScoreTile = void(const AttentionArgs& args, size_t i, size_t row, const T* next);
template <typename T>
constexpr RunScoreTile<T>* kScoreTile[kMaxRows + 1] = {nullptr,         ScoreTile<T, 1>, ScoreTile<T, 2>,
                                                       ScoreTile<T, 3>, ScoreTile<T, 4>, ScoreTile<T, 5>,
                                                       ScoreTile<T, 6>};

template <typename T>
using RunWeighTile = void(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end,
                          const T* next);
template <typename T>
constexpr RunWeighTile<T>* kWeighTile[kMaxRows + 1] = {nullptr,         WeighTile<T, 1>, WeighTile<T, 2>,
                                                       WeighTile<T, 3>, WeighTile<T, 4>, WeighTile<T, 5>,
                                                       WeighTile<T, 6>};

// Where row `row` stops in tile i.
size_t EndInTile(const AttentionArgs& args, size_t i, size_t row) {
  const size_t num_keys = NumKeys(args, row);
  const size_t before = i * kLanes;
  return num_keys < before ? 0 : num_keys - before < kLanes ? num_keys - before : kLanes;
}

template <typename T>
void Attend(const AttentionArgs& args) {
  const size_t num_rows = args.num_tokens * args.group;
  const size_t num_tiles = RoundUp(NumKeys(args, num_rows - 1)) / kLanes;
  for (size_t i = 0; i < num_tiles; ++i) {
    const T* next = i + 1 < num_tiles ? Tile<T>(args, i + 1).keys : Tile<T>(args, 0).values;
    for (size_t row = 0, n; row < num_rows; row += n) {
      n = RowsAtOnce(num_rows - row);
      kScoreTile<T>[n](args, i, row, next);
    }
  }
  for (size_t row = 0; row < num_rows; ++row) Softmax<T>(args, row);
  for (size_t i = 0; i < num_tiles; ++i) {
    const T* next = Tile<T>(args, i + 1 < num_tiles ? i + 1 : i).values;
    for (size_t row = 0, n; row < num_rows; row += n) {
      n = RowsAtOnce(num_rows - row);
      // Later tokens' rows go on for a few keys more.
      const size_t end = EndInTile(args, i, row);
      if (end > 0) kWeighTile<T>[n](args, i, row, 0, end, next);
      for (size_t r = row + 1; r < row + n; ++r) {
        const size_t more = EndInTile(args, i, r);
        if (more > end) WeighTile<T, 1>(args, i, r, end, more, next);
      }
    }
  }
}

}  // namespace

void AttendChunkX86Avx2(const AttentionArgs& args) {
  switch (args.type) {
    case KvType::kF16:
      return Attend<uint16_t>(args);
    case KvType::kF32:
      return Attend<float>(args);
    case KvType::kInt8:
      return Attend<int8_t>(args);
  }
}

void JoinChunksX86Avx2(size_t head_dim, size_t num_chunks, float* partials, size_t stride, float* out) {
  float max = partials[0];
  for (size_t c = 1; c < num_chunks; ++c) max = partials[c * stride] > max ? partials[c * stride] : max;
  __m128 total = _mm_setzero_ps();
  for (size_t c = 0; c < num_chunks; ++c) {
    float* partial = partials + c * stride;
    const __m256 weight = Exp(_mm256_set1_ps(partial[0] - max));
    partial[kWeight] = _mm256_cvtss_f32(weight);
    total = _mm_fmadd_ss(_mm256_castps256_ps128(weight), _mm_set_ss(partial[1]), total);
  }
  const __m256 inv = _mm256_set1_ps(1.0f / _mm_cvtss_f32(total));
  for (size_t d = 0; d < head_dim; d += kLanes) {
    Lanes sum = Zero();
    for (size_t c = 0; c < num_chunks; ++c) {
      const float* partial = partials + c * stride;
      sum = AddProducts(partial + kWeight, Load(partial + kPartialHeader + d), sum);
    }
    sum = Multiply(sum, {inv, inv});
    _mm256_maskstore_ps(out + d, Present(d, head_dim), sum.low);
    _mm256_maskstore_ps(out + d + kWidth, Present(d + kWidth, head_dim), sum.high);
  }
}

}  // namespace bitnet

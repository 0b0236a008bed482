#include <immintrin.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 positions of a tile, or 16 elements of a value, are one register.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
// 8 rows of two registers: 16 sums of 32 registers. Two tiles, or 32 elements of a value, at once keep both
// multipliers busy from 4 rows on.
// The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
constexpr size_t kMaxRows = 8;
constexpr size_t kWeight = 2;  // Where a partial keeps its weight while chunks are joined.

// The next 16 elements as floats.
__m512 Load(const float* p) { return _mm512_loadu_ps(p); }
__m512 Load(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
__m512 Load(const int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
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

// The lanes of 16 that elements [i, n) fill. Masked lanes are not written.
__mmask16 Present(size_t i, size_t n) {
  return n - i >= kLanes ? __mmask16{0xffff} : static_cast<__mmask16>((1u << (n - i)) - 1);
}

size_t RoundUp(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Keys of this chunk that row `row` attends to.
size_t NumKeys(const AttentionArgs& args, size_t row) {
  const size_t num_keys = args.num_keys + row / args.group;
  return num_keys < kAttentionChunk ? num_keys : kAttentionChunk;
}

// Rows to compute at once when `left` are left: all, or so that the last are no few.
size_t RowsAtOnce(size_t left) {
  return left <= kMaxRows ? left : left < 2 * kMaxRows ? (left + 1) / 2 : kMaxRows;
}

// Scores of the positions of tiles i and j for rows `row` and following. The next two tiles' keys are fetched
// meanwhile, or after the last the first tile's values: a tile is a page, at which the hardware's own
// fetching stops.
template <typename T, size_t kRows>
void ScoreTiles(const AttentionArgs& args, size_t i, size_t j, size_t row, const T* next_i, const T* next_j) {
  const Tile<T> tiles[2] = {Tile<T>(args, i), Tile<T>(args, j)};
  const float* query[kRows];
  __m512 dots[kRows][2];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    query[r] =
        args.query + (row + r) / args.group * args.token_stride + (row + r) % args.group * args.head_dim;
    dots[r][0] = dots[r][1] = _mm512_setzero_ps();
  }
  for (size_t d = 0; d < args.head_dim; ++d) {
    const __m512 k0 = Load(tiles[0].keys + d * kLanes);
    const __m512 k1 = Load(tiles[1].keys + d * kLanes);
    _mm_prefetch(reinterpret_cast<const char*>(next_i + d * kLanes), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(next_j + d * kLanes), _MM_HINT_T0);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const __m512 q = _mm512_set1_ps(query[r][d]);
      dots[r][0] = _mm512_fmadd_ps(q, k0, dots[r][0]);
      dots[r][1] = _mm512_fmadd_ps(q, k1, dots[r][1]);
    }
  }
  const size_t at[2] = {i * kLanes, j * kLanes};
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    float* scores = args.scores + (row + r) * kAttentionChunk;
#pragma GCC unroll 8
    for (size_t h = 0; h < 2; ++h) {
      __m512 dot = dots[r][h];
      if (Tile<T>::kScaled) dot = _mm512_mul_ps(dot, _mm512_loadu_ps(tiles[h].scales));
      _mm512_storeu_ps(scores + at[h], _mm512_mul_ps(dot, _mm512_set1_ps(args.scale)));
    }
  }
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
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

// A row's scores become its values' weights. Scores past the last key become -infinity, which Exp() takes to
// +0, up to the next multiple of 16.
template <typename T>
void Softmax(const AttentionArgs& args, size_t row) {
  float* scores = args.scores + row * kAttentionChunk;
  const size_t num_keys = NumKeys(args, row);
  for (size_t t = num_keys; t % kLanes != 0; ++t) scores[t] = -__builtin_inff();
  __m512 maxima = _mm512_loadu_ps(scores);
  for (size_t t = kLanes; t < num_keys; t += kLanes) {
    maxima = _mm512_max_ps(maxima, _mm512_loadu_ps(scores + t));
  }
  const float max = _mm512_reduce_max_ps(maxima);
  __m512 totals = _mm512_setzero_ps();
  for (size_t t = 0; t < num_keys; t += kLanes) {
    const Tile<T> tile(args, t / kLanes);
    __m512 p = Exp(_mm512_sub_ps(_mm512_loadu_ps(scores + t), _mm512_set1_ps(max)));
    totals = _mm512_add_ps(totals, p);
    if (tile.kScaled) p = _mm512_mul_ps(p, _mm512_loadu_ps(tile.scales + kLanes));
    _mm512_storeu_ps(scores + t, p);
  }
  float* partial = args.partials + row * args.partial_stride;
  partial[0] = max;
  partial[1] = Fold(totals);
}

// Adds `kVectors` registers of a tile's values, from element d on and position `begin` to `end`, to the sums
// of rows `row` and following.
template <typename T, size_t kRows, size_t kVectors>
void WeighSlice(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end, size_t d,
                const T* next) {
  const Tile<T> tile(args, i);
  const size_t stride = RoundUp(args.head_dim);
  const float* weights = args.scores + row * kAttentionChunk + i * kLanes;
  float* partial = args.partials + row * args.partial_stride + kPartialHeader + d;
  __m512 sums[kRows][kVectors];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (size_t h = 0; h < kVectors; ++h) {
      sums[r][h] = i == 0 && begin == 0 ? _mm512_setzero_ps()
                                        : _mm512_loadu_ps(partial + r * args.partial_stride + kLanes * h);
    }
  }
  for (size_t t = begin; t < end; ++t) {
    __m512 v[kVectors];
#pragma GCC unroll 8
    for (size_t h = 0; h < kVectors; ++h) {
      v[h] = Load(tile.values + t * stride + d + kLanes * h);
      _mm_prefetch(reinterpret_cast<const char*>(next + (d + kLanes * h + t) * kLanes), _MM_HINT_T0);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const __m512 w = _mm512_set1_ps(weights[r * kAttentionChunk + t]);
#pragma GCC unroll 8
      for (size_t h = 0; h < kVectors; ++h) sums[r][h] = _mm512_fmadd_ps(w, v[h], sums[r][h]);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (size_t h = 0; h < kVectors; ++h) {
      _mm512_storeu_ps(partial + r * args.partial_stride + kLanes * h, sums[r][h]);
    }
  }
}

// The same for all elements.
template <typename T, size_t kRows>
void WeighTile(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end, const T* next) {
  const size_t stride = RoundUp(args.head_dim);
  size_t d = 0;
  for (; d + 2 * kLanes <= stride; d += 2 * kLanes)
    WeighSlice<T, kRows, 2>(args, i, row, begin, end, d, next);
  if (d < stride) WeighSlice<T, kRows, 1>(args, i, row, begin, end, d, next);
}

template <typename T>
using RunScoreTiles = void(const AttentionArgs& args, size_t i, size_t j, size_t row, const T* next_i,
                           const T* next_j);
template <typename T>
constexpr RunScoreTiles<T>* kScoreTiles[kMaxRows + 1] = {
    nullptr,          ScoreTiles<T, 1>, ScoreTiles<T, 2>, ScoreTiles<T, 3>, ScoreTiles<T, 4>,
    ScoreTiles<T, 5>, ScoreTiles<T, 6>, ScoreTiles<T, 7>, ScoreTiles<T, 8>};

template <typename T>
using RunWeighTile = void(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end,
                          const T* next);
template <typename T>
constexpr RunWeighTile<T>* kWeighTile[kMaxRows + 1] = {nullptr,         WeighTile<T, 1>, WeighTile<T, 2>,
                                                       WeighTile<T, 3>, WeighTile<T, 4>, WeighTile<T, 5>,
                                                       WeighTile<T, 6>, WeighTile<T, 7>, WeighTile<T, 8>};

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
  for (size_t i = 0; i < num_tiles; i += 2) {
    const size_t j = i + 1 < num_tiles ? i + 1 : i;  // Of an odd number the last one twice.
    const T* next_i = i + 2 < num_tiles ? Tile<T>(args, i + 2).keys : Tile<T>(args, 0).values;
    const T* next_j = i + 3 < num_tiles ? Tile<T>(args, i + 3).keys : next_i;
    for (size_t row = 0, n; row < num_rows; row += n) {
      n = RowsAtOnce(num_rows - row);
      kScoreTiles<T>[n](args, i, j, row, next_i, next_j);
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

void AttendChunkX86Avx512Vnni(const AttentionArgs& args) {
  switch (args.type) {
    case KvType::kF16:
      return Attend<uint16_t>(args);
    case KvType::kF32:
      return Attend<float>(args);
    case KvType::kInt8:
      return Attend<int8_t>(args);
  }
}

void JoinChunksX86Avx512Vnni(size_t head_dim, size_t num_chunks, float* partials, size_t stride, float* out) {
  float max = partials[0];
  for (size_t c = 1; c < num_chunks; ++c) max = partials[c * stride] > max ? partials[c * stride] : max;
  __m128 total = _mm_setzero_ps();
  for (size_t c = 0; c < num_chunks; ++c) {
    float* partial = partials + c * stride;
    const __m128 weight = _mm512_castps512_ps128(Exp(_mm512_set1_ps(partial[0] - max)));
    partial[kWeight] = _mm_cvtss_f32(weight);
    total = _mm_fmadd_ss(weight, _mm_set_ss(partial[1]), total);
  }
  const __m512 inv = _mm512_set1_ps(1.0f / _mm_cvtss_f32(total));
  for (size_t d = 0; d < head_dim; d += kLanes) {
    __m512 sum = _mm512_setzero_ps();
    for (size_t c = 0; c < num_chunks; ++c) {
      const float* partial = partials + c * stride;
      sum = _mm512_fmadd_ps(_mm512_set1_ps(partial[kWeight]), _mm512_loadu_ps(partial + kPartialHeader + d),
                            sum);
    }
    _mm512_mask_storeu_ps(out + d, Present(d, head_dim), _mm512_mul_ps(sum, inv));
  }
}

}  // namespace bitnet

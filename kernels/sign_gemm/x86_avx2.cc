#include <immintrin.h>

#include "kernels/sign_gemm/sign_gemm.h"

// A tile x block is two registers of 4 rows each: 64-bit lane r belongs to row r. The unroll pragmas keep the
// sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kPrefetchBytes = 2048;

// For bit planes 3 columns x 2 halves: 6 sums, 2 weight registers, 3 constants, and what counting needs,
// fit 16.
constexpr size_t kMaxBitColumns = 3;
// A byte counts at most 8 of a block: 31 blocks reach 248.
constexpr size_t kBlocksPerWidening = 31;

__m256i LoadHalf(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

__m256i Broadcast(uint64_t word) { return _mm256_set1_epi64x(static_cast<long long>(word)); }

// How many bits are set in each byte.
__m256i CountBytes(__m256i bits) {
  const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i mask = _mm256_set1_epi8(0x0f);
  const __m256i low = _mm256_and_si256(bits, mask);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bits, 4), mask);
  return _mm256_add_epi8(_mm256_shuffle_epi8(counts, low), _mm256_shuffle_epi8(counts, high));
}

// The bits of products of -1.
template <bool kTernary>
__m256i MinusBits(__m256i w, const uint64_t* plus, const uint64_t* minus, size_t block) {
  if constexpr (!kTernary) return _mm256_xor_si256(w, Broadcast(plus[block]));
  return _mm256_or_si256(_mm256_and_si256(w, Broadcast(minus[block])),
                         _mm256_andnot_si256(w, Broadcast(plus[block])));
}

// `low` counts products of -1 in rows 0-3 of the tile, `high` in rows 4-7.
template <bool kTernary>
[[gnu::always_inline]] inline void StoreTile(const SignGemmArgs& args, size_t tile, size_t b, __m256i low,
                                             __m256i high) {
  // Counts are below 2^31: the low half of each 64-bit lane is all of it.
  const __m256 halves = _mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), 0x88);
  const __m256i minus = _mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xd8);
  const auto total = static_cast<int>(kTernary ? args.nonzero[b] : static_cast<int32_t>(args.k));
  const __m256i dot = _mm256_sub_epi32(_mm256_set1_epi32(total), _mm256_slli_epi32(minus, 1));
  const size_t row = tile * kSignTileRows;
  const __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(args.row_scale + row), _mm256_set1_ps(args.x_scale[b]));
  _mm256_storeu_ps(args.y + b * args.y_stride + row, _mm256_mul_ps(_mm256_cvtepi32_ps(dot), scale));
}

// Tile number `tile` and, if there are two, the one `other` tiles on: two streams of memory, as in
// ternary_gemm/x86_avx2.cc.
template <bool kTernary, int kTiles, int kColumns>
void BitTiles(const SignGemmArgs& args, size_t tile, size_t other, size_t b) {
  constexpr int kHalves = 2 * kTiles;
  const size_t blocks = args.k / kSignBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const size_t other_bytes = other * blocks * kBlockBytes;
  const uint64_t* plus = args.plus + b * args.x_stride;
  const uint64_t* minus = kTernary ? args.minus + b * args.x_stride : nullptr;
  __m256i totals[kHalves][kColumns];
#pragma GCC unroll 8
  for (auto& half : totals) {
#pragma GCC unroll 8
    for (__m256i& total : half) total = _mm256_setzero_si256();
  }
  for (size_t i = 0; i < blocks;) {
    const size_t left = blocks - i;
    const size_t end = i + (left < kBlocksPerWidening ? left : kBlocksPerWidening);
    __m256i sums[kHalves][kColumns];
#pragma GCC unroll 8
    for (auto& half : sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
    for (; i < end; ++i, w += kBlockBytes) {
#pragma GCC unroll 8
      for (int h = 0; h < kHalves; ++h) {
        const uint8_t* block = w + h / 2 * other_bytes;
        // A prefetch past the weights is harmless: it cannot fault.
        if (h % 2 == 0) _mm_prefetch(reinterpret_cast<const char*>(block) + kPrefetchBytes, _MM_HINT_T0);
        const __m256i bits = LoadHalf(block + h % 2 * kBlockBytes / 2);
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) {
          const size_t at = c * args.x_stride + i;
          sums[h][c] = _mm256_add_epi8(sums[h][c], CountBytes(MinusBits<kTernary>(bits, plus, minus, at)));
        }
      }
    }
#pragma GCC unroll 8
    for (int h = 0; h < kHalves; ++h) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        totals[h][c] = _mm256_add_epi64(totals[h][c], _mm256_sad_epu8(sums[h][c], _mm256_setzero_si256()));
      }
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      StoreTile<kTernary>(args, tile + t * other, b + c, totals[2 * t][c], totals[2 * t + 1][c]);
    }
  }
}

// Each tile of the first half with one of the second.
template <bool kTernary>
void OneBitColumn(const SignGemmArgs& args) {
  const size_t half = args.tiles / 2;
  for (size_t tile = 0; tile < half; ++tile) BitTiles<kTernary, 2, 1>(args, tile, half, 0);
  if (args.tiles % 2 != 0) BitTiles<kTernary, 1, 1>(args, args.tiles - 1, 0, 0);
}

template <bool kTernary>
void BitGemm(const SignGemmArgs& args) {
  if (args.batch == 1) {
    OneBitColumn<kTernary>(args);
    return;
  }
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    size_t b = 0;
    for (; b + kMaxBitColumns <= args.batch; b += kMaxBitColumns) BitTiles<kTernary, 1, 3>(args, tile, 0, b);
    if (args.batch - b == 2) BitTiles<kTernary, 1, 2>(args, tile, 0, b);
    if (args.batch - b == 1) BitTiles<kTernary, 1, 1>(args, tile, 0, b);
  }
}

// Float activations: 16 lanes are two registers, the signs of 8 weights become +1 and -1 in one, and a fused
// multiply-add with it is exactly the addition of +x or -x.
struct Lanes {
  __m256 half[2];
};

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.half[0], lanes.half[1]);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// +1.0 where one of bits 8q .. 8q+7 is set, -1.0 where it is not.
__m256 Signs(__m256i bits, int q) {
  const __m256i to_top =
      _mm256_sub_epi32(_mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24), _mm256_set1_epi32(8 * q));
  const __m256 top = _mm256_castsi256_ps(_mm256_sllv_epi32(bits, to_top));
  return _mm256_xor_ps(_mm256_and_ps(top, _mm256_set1_ps(-0.0f)), _mm256_set1_ps(-1.0f));
}

// A load that broadcasts: the byte at hand would take two shuffles instead.
__m256i Broadcast32(const uint8_t* w) {
  int bits;
  __builtin_memcpy(&bits, w, sizeof(bits));
  return _mm256_set1_epi32(bits);
}

template <int kRows, int kColumns>
void FloatRows(const SignFloatGemmArgs& args, size_t tile, size_t row, size_t b) {
  const uint8_t* w = args.w + tile * (args.k / kSignBlockK * kBlockBytes) + row * (kSignBlockK / 8);
  const float* x = args.x + b * args.x_stride;
  Lanes lanes[kRows][kColumns];
#pragma GCC unroll 8
  for (auto& columns : lanes) {
#pragma GCC unroll 8
    for (Lanes& lane : columns) lane.half[0] = lane.half[1] = _mm256_setzero_ps();
  }
  for (size_t i = 0; i < args.k; i += kSignBlockK, w += kBlockBytes) {
    _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes, _MM_HINT_T0);
#pragma GCC unroll 1
    for (size_t j = 0; j < kSignBlockK; j += 32) {
      __m256i bits[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) bits[r] = Broadcast32(w + 8 * r + j / 8);
#pragma GCC unroll 8
      for (int q = 0; q < 4; ++q) {
        __m256 column[kColumns];
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) column[c] = _mm256_loadu_ps(x + c * args.x_stride + i + j + 8 * q);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          const __m256 signs = Signs(bits[r], q);
#pragma GCC unroll 8
          for (int c = 0; c < kColumns; ++c) {
            lanes[r][c].half[q % 2] = _mm256_fmadd_ps(signs, column[c], lanes[r][c].half[q % 2]);
          }
        }
      }
    }
  }
  const size_t first = tile * kSignTileRows + row;
  for (int c = 0; c < kColumns; ++c) {
    for (int r = 0; r < kRows; ++r) {
      args.y[(b + c) * args.y_stride + first + r] = args.row_scale[first + r] * Fold(lanes[r][c]);
    }
  }
}

}  // namespace

void SignBinaryGemmX86Avx2(const SignGemmArgs& args) { BitGemm<false>(args); }
void SignTernaryGemmX86Avx2(const SignGemmArgs& args) { BitGemm<true>(args); }

// 2 rows x 2 columns x 2 halves or 4 rows x 1 column x 2 are 8 sums, and leave registers for signs and
// constants.
void SignFloatGemmX86Avx2(const SignFloatGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    size_t b = 0;
    for (; b + 2 <= args.batch; b += 2) {
      for (size_t row = 0; row < kSignTileRows; row += 2) FloatRows<2, 2>(args, tile, row, b);
    }
    if (b < args.batch) {
      for (size_t row = 0; row < kSignTileRows; row += 4) FloatRows<4, 1>(args, tile, row, b);
    }
  }
}

}  // namespace bitnet

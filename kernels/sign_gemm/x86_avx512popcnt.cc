#include <immintrin.h>

#include "kernels/sign_gemm/sign_gemm.h"

// A tile x block is one register w: 64-bit lane r belongs to row r. A word of x goes to every lane, VPXORQ or
// VPTERNLOGQ leaves the bits of products of -1, VPOPCNTQ counts them. The unroll pragmas keep the sums in
// registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
// 2 tiles x 8 columns: 16 sums, 2 weight registers and the planes of an x fit the 32 registers.
constexpr size_t kMaxColumns = 8;
constexpr size_t kPrefetchBytes = 2048;

// The truth table of "w ? minus : plus" for VPTERNLOGQ's operands in the order w, minus, plus.
constexpr int kSelect = 0xca;

template <bool kTernary>
__m512i MinusBits(__m512i w, const uint64_t* plus, const uint64_t* minus, size_t block) {
  const __m512i p = _mm512_set1_epi64(static_cast<long long>(plus[block]));
  if constexpr (!kTernary) return _mm512_xor_si512(w, p);
  return _mm512_ternarylogic_epi64(w, _mm512_set1_epi64(static_cast<long long>(minus[block])), p, kSelect);
}

template <bool kTernary>
void StoreTile(const SignGemmArgs& args, size_t tile, size_t b, __m512i minus) {
  const auto total = static_cast<int>(kTernary ? args.nonzero[b] : static_cast<int32_t>(args.k));
  const __m256i dot =
      _mm256_sub_epi32(_mm256_set1_epi32(total), _mm256_slli_epi32(_mm512_cvtepi64_epi32(minus), 1));
  const __m256 scale =
      _mm256_mul_ps(_mm256_loadu_ps(args.row_scale + tile * kSignTileRows), _mm256_set1_ps(args.x_scale[b]));
  _mm256_storeu_ps(args.y + b * args.y_stride + tile * kSignTileRows,
                   _mm256_mul_ps(_mm256_cvtepi32_ps(dot), scale));
}

template <bool kTernary, int kTiles, int kColumns>
void Columns(const SignGemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = args.k / kSignBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const uint64_t* plus = args.plus + b * args.x_stride;
  const uint64_t* minus = kTernary ? args.minus + b * args.x_stride : nullptr;
  __m512i sums[kTiles][kColumns];
#pragma GCC unroll 8
  for (auto& columns : sums) {
#pragma GCC unroll 8
    for (__m512i& sum : columns) sum = _mm512_setzero_si512();
  }
  for (size_t i = 0; i < blocks; ++i, w += kBlockBytes) {
    __m512i bits[kTiles];
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) {
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(w + t * blocks * kBlockBytes) + kPrefetchBytes, _MM_HINT_T0);
      bits[t] = _mm512_loadu_si512(w + t * blocks * kBlockBytes);
    }
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) {
        const size_t at = c * args.x_stride + i;
        sums[t][c] =
            _mm512_add_epi64(sums[t][c], _mm512_popcnt_epi64(MinusBits<kTernary>(bits[t], plus, minus, at)));
      }
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) StoreTile<kTernary>(args, tile + t, b + c, sums[t][c]);
  }
}

using RunColumns = void(const SignGemmArgs& args, size_t tile, size_t b);

template <bool kTernary, int kTiles>
constexpr RunColumns* kColumns[kMaxColumns + 1] = {
    nullptr,
    Columns<kTernary, kTiles, 1>,
    Columns<kTernary, kTiles, 2>,
    Columns<kTernary, kTiles, 3>,
    Columns<kTernary, kTiles, 4>,
    Columns<kTernary, kTiles, 5>,
    Columns<kTernary, kTiles, 6>,
    Columns<kTernary, kTiles, 7>,
    Columns<kTernary, kTiles, 8>,
};

template <bool kTernary>
void Gemm(const SignGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; tile += 2) {
    const auto& run = tile + 1 < args.tiles ? kColumns<kTernary, 2> : kColumns<kTernary, 1>;
    // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would load the weights for one
    // alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      run[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace

void SignBinaryGemmX86Avx512Popcnt(const SignGemmArgs& args) { Gemm<false>(args); }
void SignTernaryGemmX86Avx512Popcnt(const SignGemmArgs& args) { Gemm<true>(args); }

}  // namespace bitnet

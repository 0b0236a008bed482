#include <immintrin.h>

#include "kernels/base3_gemm/base3_gemm.h"

// A tile x block is one register: 32-bit lane r belongs to row r, and digit d of its bytes holds the weights
// of k offsets 4d .. 4d+3. VPDPBUSD with those four x broadcast to every lane adds a digit. It wants an
// unsigned first operand, so the sign bit of every byte is flipped: u = b + 128, and tripled, 3u and 3b + 128
// have the same low byte. The sums of u * x are those of b * x plus 128 times the sum of x. The unroll
// pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 20;
constexpr size_t kBlockBytes = 64;
constexpr size_t kDigits = 5;
constexpr size_t kMaxColumns = 8;
constexpr size_t kPrefetchBytes = 2048;  // As in ternary_gemm.

__m512i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

__m512i LoadUnsigned(const uint8_t* w) {
  return _mm512_xor_si512(_mm512_loadu_si512(w), _mm512_set1_epi8(static_cast<char>(0x80)));
}

// The low bytes of 3u: the next digits.
__m512i Triple(__m512i u) { return _mm512_add_epi8(u, _mm512_add_epi8(u, u)); }

// `sums` are of (w + 1) * x.
void StoreTile(const Base3GemmArgs& args, size_t tile, size_t b, __m512i sums) {
  const __m512 exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(args.x_sum[b])));
  _mm512_storeu_ps(args.y + b * args.y_stride + tile * kTileRows,
                   _mm512_mul_ps(exact, _mm512_set1_ps(args.factor[b])));
}

// Two tiles and one column: decode. Never looks at a digit: with u' the low byte of 3u, 3u - u' is 256 * (w +
// 1), so two sums of u * x and u' * x stand for 256 times that of (w + 1) * x. They may wrap; their
// difference may not, and 256 * 2 * 128 * k holds below k = 2^15, after 1638 blocks.
constexpr size_t kBlocksPerFold = 1600;

template <int kTiles>
void OneColumn(const Base3GemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = (args.k + kBlockK - 1) / kBlockK;
  const size_t tile_bytes = blocks * kBlockBytes;
  const uint8_t* w = args.w + tile * tile_bytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m512i totals[kTiles];
#pragma GCC unroll 8
  for (__m512i& total : totals) total = _mm512_setzero_si512();
  for (size_t done = 0; done < blocks;) {
    const size_t left = blocks - done;
    const size_t end = done + (left < kBlocksPerFold ? left : kBlocksPerFold);
    __m512i sums[kTiles], next_sums[kTiles];
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) sums[i] = next_sums[i] = _mm512_setzero_si512();
    for (; done < end; ++done, w += kBlockBytes, x += kBlockK) {
      __m512i u[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        // A prefetch past the weights is harmless: it cannot fault.
        _mm_prefetch(reinterpret_cast<const char*>(w + i * tile_bytes) + kPrefetchBytes, _MM_HINT_T0);
        u[i] = LoadUnsigned(w + i * tile_bytes);
      }
#pragma GCC unroll 8
      for (size_t d = 0; d < kDigits; ++d) {
        const __m512i four = BroadcastFour(x + 4 * d);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) {
          sums[i] = _mm512_dpbusd_epi32(sums[i], u[i], four);
          u[i] = Triple(u[i]);
          next_sums[i] = _mm512_dpbusd_epi32(next_sums[i], u[i], four);
        }
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      const __m512i thrice = _mm512_add_epi32(sums[i], _mm512_add_epi32(sums[i], sums[i]));
      // Exact: a multiple of 256.
      const __m512i sum = _mm512_srai_epi32(_mm512_sub_epi32(thrice, next_sums[i]), 8);
      totals[i] = _mm512_add_epi32(totals[i], sum);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) StoreTile(args, tile + i, b, totals[i]);
}

// Several columns share the digits: w + 1 is how many of 86 and 171, the thirds of 256, u reaches. 2 tiles x
// 8 columns: 16 sums, 2 weight registers, 2 digits, 3 constants and an x fit the 32 registers.
template <int kTiles, int kColumns>
void Columns(const Base3GemmArgs& args, size_t tile, size_t b) {
  const __m512i one_third = _mm512_set1_epi8(86);
  const __m512i two_thirds = _mm512_set1_epi8(static_cast<char>(171));
  const __m512i one = _mm512_set1_epi8(1);
  const __m512i two = _mm512_set1_epi8(2);
  const size_t blocks = (args.k + kBlockK - 1) / kBlockK;
  const size_t tile_bytes = blocks * kBlockBytes;
  const uint8_t* w = args.w + tile * tile_bytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m512i sums[kTiles][kColumns];
#pragma GCC unroll 8
  for (auto& columns : sums) {
#pragma GCC unroll 8
    for (__m512i& sum : columns) sum = _mm512_setzero_si512();
  }
  for (size_t block = 0; block < blocks; ++block, w += kBlockBytes, x += kBlockK) {
    __m512i u[kTiles];
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(w + i * tile_bytes) + kPrefetchBytes, _MM_HINT_T0);
      u[i] = LoadUnsigned(w + i * tile_bytes);
    }
#pragma GCC unroll 8
    for (size_t d = 0; d < kDigits; ++d) {
      __m512i digit[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        digit[i] = _mm512_maskz_mov_epi8(_mm512_cmpge_epu8_mask(u[i], one_third), one);
        digit[i] = _mm512_mask_mov_epi8(digit[i], _mm512_cmpge_epu8_mask(u[i], two_thirds), two);
        u[i] = Triple(u[i]);
      }
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const __m512i four = BroadcastFour(x + c * args.x_stride + 4 * d);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) sums[i][c] = _mm512_dpbusd_epi32(sums[i][c], digit[i], four);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) StoreTile(args, tile + i, b + c, sums[i][c]);
  }
}

using RunColumns = void(const Base3GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kOneTile[kMaxColumns + 1] = {nullptr,       OneColumn<1>,  Columns<1, 2>,
                                                   Columns<1, 3>, Columns<1, 4>, Columns<1, 5>,
                                                   Columns<1, 6>, Columns<1, 7>, Columns<1, 8>};
constexpr RunColumns* kTwoTiles[kMaxColumns + 1] = {nullptr,       OneColumn<2>,  Columns<2, 2>,
                                                    Columns<2, 3>, Columns<2, 4>, Columns<2, 5>,
                                                    Columns<2, 6>, Columns<2, 7>, Columns<2, 8>};

}  // namespace

void Base3GemmX86Avx512Vnni(const Base3GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; tile += 2) {
    const bool pair = tile + 1 < args.tiles;
    // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      (pair ? kTwoTiles[columns] : kOneTile[columns])(args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

#include <immintrin.h>

#include "kernels/ternary_gemm/ternary_gemm.h"

// A tile x block is one register w: 32-bit lane r belongs to row r, and plane p (bits 2p+1:2p of each byte)
// holds the codes of k offsets 4p .. 4p+3. VPDPBUSD with those four x broadcast to every lane adds a plane.
//
// Why `#pragma GCC unroll`: GCC 12 otherwise unrolls the loops over tiles and columns only after it has given
// their sums addresses, and then copies or spills them in every block: batch 8 was 1.8 times slower on an Ice
// Lake Xeon.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kMaxColumns = 8;

// 32 blocks of a tile ahead, some 100 ns at one block per few cycles: about memory's latency.
constexpr size_t kPrefetchBytes = 2048;

// VPDPBUSD's 32-bit form of four consecutive x, in every lane.
__m512i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

void StoreTile(const TernaryGemmArgs& args, size_t tile, size_t b, __m512i sums) {
  const __m512 exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(args.x_sum[b])));
  _mm512_storeu_ps(args.y + b * args.y_stride + tile * kTernaryTileRows,
                   _mm512_mul_ps(exact, _mm512_set1_ps(args.factor[b])));
}

// Two tiles and one column: decode. Leaves the codes of planes 1 to 3 where they are, worth 4, 16 and 64
// times as much, in sums of their own: no shift per block, which would take the dot product's ports.
// An int32 sum of 64 * 2 * 128 * k / 4 holds below k = 2^19.
constexpr size_t kMaxUnshiftedK = (size_t{1} << 19) - 1;

template <int kTiles>
void OneColumn(const TernaryGemmArgs& args, size_t tile, size_t b) {
  const __m512i mask0 = _mm512_set1_epi8(0x03);
  const __m512i mask1 = _mm512_set1_epi8(0x0c);
  const __m512i mask2 = _mm512_set1_epi8(0x30);
  const __m512i mask3 = _mm512_set1_epi8(static_cast<char>(0xc0));
  const size_t tile_bytes = args.k / kTernaryBlockK * kBlockBytes;
  const uint8_t* w = args.w + tile * tile_bytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m512i sums[kTiles][4];
#pragma GCC unroll 8
  for (auto& planes : sums) {
#pragma GCC unroll 8
    for (__m512i& sum : planes) sum = _mm512_setzero_si512();
  }
  for (size_t k0 = 0; k0 < args.k; k0 += kTernaryBlockK, w += kBlockBytes) {
    const __m512i x0 = BroadcastFour(x + k0);
    const __m512i x1 = BroadcastFour(x + k0 + 4);
    const __m512i x2 = BroadcastFour(x + k0 + 8);
    const __m512i x3 = BroadcastFour(x + k0 + 12);
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      const uint8_t* block = w + i * tile_bytes;
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(block) + kPrefetchBytes, _MM_HINT_T0);
      const __m512i codes = _mm512_loadu_si512(block);
      sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], _mm512_and_si512(codes, mask0), x0);
      sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], _mm512_and_si512(codes, mask1), x1);
      sums[i][2] = _mm512_dpbusd_epi32(sums[i][2], _mm512_and_si512(codes, mask2), x2);
      sums[i][3] = _mm512_dpbusd_epi32(sums[i][3], _mm512_and_si512(codes, mask3), x3);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
    // Exact: each sum is a multiple of what it is divided by.
    const __m512i low = _mm512_add_epi32(sums[i][0], _mm512_srai_epi32(sums[i][1], 2));
    const __m512i high = _mm512_add_epi32(_mm512_srai_epi32(sums[i][2], 4), _mm512_srai_epi32(sums[i][3], 6));
    StoreTile(args, tile + i, b, _mm512_add_epi32(low, high));
  }
}

// Several columns share the unpacking. 2 tiles x 8 columns: 16 sums, 2 weight registers, 2 planes, a mask
// and an x fit the 32 registers.
template <int kTiles, int kColumns>
void Columns(const TernaryGemmArgs& args, size_t tile, size_t b) {
  const __m512i mask = _mm512_set1_epi8(0x03);
  const size_t tile_bytes = args.k / kTernaryBlockK * kBlockBytes;
  const uint8_t* w = args.w + tile * tile_bytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m512i sums[kTiles][kColumns];
#pragma GCC unroll 8
  for (auto& columns : sums) {
#pragma GCC unroll 8
    for (__m512i& sum : columns) sum = _mm512_setzero_si512();
  }
  for (size_t k0 = 0; k0 < args.k; k0 += kTernaryBlockK, w += kBlockBytes) {
    __m512i codes[kTiles];
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(w + i * tile_bytes) + kPrefetchBytes, _MM_HINT_T0);
      codes[i] = _mm512_loadu_si512(w + i * tile_bytes);
    }
#pragma GCC unroll 8
    for (size_t plane = 0; plane < 4; ++plane) {
      __m512i low[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        low[i] = _mm512_and_si512(codes[i], mask);
        codes[i] = _mm512_srli_epi16(codes[i], 2);
      }
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const __m512i four = BroadcastFour(x + c * args.x_stride + k0 + 4 * plane);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) sums[i][c] = _mm512_dpbusd_epi32(sums[i][c], low[i], four);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) StoreTile(args, tile + i, b + c, sums[i][c]);
  }
}

using RunColumns = void(const TernaryGemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kOneTile[kMaxColumns + 1] = {nullptr,       Columns<1, 1>, Columns<1, 2>,
                                                   Columns<1, 3>, Columns<1, 4>, Columns<1, 5>,
                                                   Columns<1, 6>, Columns<1, 7>, Columns<1, 8>};
constexpr RunColumns* kTwoTiles[kMaxColumns + 1] = {nullptr,       Columns<2, 1>, Columns<2, 2>,
                                                    Columns<2, 3>, Columns<2, 4>, Columns<2, 5>,
                                                    Columns<2, 6>, Columns<2, 7>, Columns<2, 8>};

}  // namespace

void TernaryGemmX86Avx512Vnni(const TernaryGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; tile += 2) {
    const bool pair = tile + 1 < args.tiles;
    // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      RunColumns* run = pair ? kTwoTiles[columns] : kOneTile[columns];
      if (columns == 1 && args.k <= kMaxUnshiftedK) run = pair ? OneColumn<2> : OneColumn<1>;
      run(args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

#include <immintrin.h>

#include "kernels/ternary_gemm/ternary_gemm.h"

// A tile x block is two registers of 8 rows each: 32-bit lane r belongs to row r, and plane p (bits 2p+1:2p
// of each byte) holds the codes of k offsets 4p .. 4p+3. VPMADDUBSW with those four x broadcast to every lane
// gives two 16-bit sums per row. The unroll pragmas keep the sums in registers: see
// ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
// 4 columns x 2 halves: 8 sums, 2 weight registers, 2 planes, a mask and an x fit the 16 registers.
constexpr size_t kMaxColumns = 4;
// A plane adds at most 2 products of 2 * 127 or 2 * -128 to a 16-bit sum, a block four planes: -2048 .. 2032.
// 16 blocks reach -32768 .. 32512, just within int16.
constexpr size_t kBlocksPerWidening = 16;
constexpr size_t kPrefetchBytes = 2048;

__m256i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

// Both in registers now: see panel_gemm/x86_avx2.cc.
void Keep(__m256i& a, __m256i& b) { asm volatile("" : "+x"(a), "+x"(b)); }

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

// Tile number `tile` and, if there are two, the one `other` tiles on. Two far from each other are two streams
// of memory, of which a core reads a sixth more than of one.
template <int kTiles, int kColumns>
void Tiles(const TernaryGemmArgs& args, size_t tile, size_t other, size_t b) {
  constexpr int kHalves = 2 * kTiles;
  const __m256i mask = _mm256_set1_epi8(0x03);
  const __m256i ones = _mm256_set1_epi16(1);
  const size_t tile_bytes = args.k / kTernaryBlockK * kBlockBytes;
  const uint8_t* w = args.w + tile * tile_bytes;
  const size_t other_bytes = other * tile_bytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m256i totals[kHalves][kColumns];
#pragma GCC unroll 8
  for (auto& half : totals) {
#pragma GCC unroll 8
    for (__m256i& total : half) total = _mm256_setzero_si256();
  }
  for (size_t k0 = 0; k0 < args.k;) {
    const size_t k_left = args.k - k0;
    const size_t k_step = kBlocksPerWidening * kTernaryBlockK;
    const size_t k_end = k0 + (k_left < k_step ? k_left : k_step);
    __m256i sums[kHalves][kColumns];
#pragma GCC unroll 8
    for (auto& half : sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
    for (; k0 < k_end; k0 += kTernaryBlockK, w += kBlockBytes) {
      __m256i codes[kHalves];
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) {
        const uint8_t* block = w + t * other_bytes;
        // A prefetch past the weights is harmless: it cannot fault.
        _mm_prefetch(reinterpret_cast<const char*>(block) + kPrefetchBytes, _MM_HINT_T0);
        codes[2 * t] = Load(block);
        codes[2 * t + 1] = Load(block + kBlockBytes / 2);
      }
#pragma GCC unroll 8
      for (size_t plane = 0; plane < 4; ++plane) {
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) {
          const __m256i four = BroadcastFour(x + c * args.x_stride + k0 + 4 * plane);
#pragma GCC unroll 8
          for (int h = 0; h < kHalves; h += 2) {
            const __m256i low[2] = {_mm256_and_si256(codes[h], mask), _mm256_and_si256(codes[h + 1], mask)};
            sums[h][c] = _mm256_add_epi16(sums[h][c], _mm256_maddubs_epi16(low[0], four));
            sums[h + 1][c] = _mm256_add_epi16(sums[h + 1][c], _mm256_maddubs_epi16(low[1], four));
            Keep(sums[h][c], sums[h + 1][c]);
          }
        }
#pragma GCC unroll 8
        for (__m256i& code : codes) code = _mm256_srli_epi16(code, 2);
      }
    }
#pragma GCC unroll 8
    for (int h = 0; h < kHalves; ++h) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        totals[h][c] = _mm256_add_epi32(totals[h][c], _mm256_madd_epi16(sums[h][c], ones));
      }
    }
  }
#pragma GCC unroll 8
  for (int h = 0; h < kHalves; ++h) {
    const size_t row = (tile + h / 2 * other) * kTernaryTileRows + 8 * (h % 2);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const __m256i x_sum = _mm256_set1_epi32(args.x_sum[b + c]);
      const __m256 exact = _mm256_cvtepi32_ps(_mm256_sub_epi32(totals[h][c], x_sum));
      _mm256_storeu_ps(args.y + (b + c) * args.y_stride + row,
                       _mm256_mul_ps(exact, _mm256_set1_ps(args.factor[b + c])));
    }
  }
}

template <int kColumns>
void Columns(const TernaryGemmArgs& args, size_t tile, size_t b) {
  Tiles<1, kColumns>(args, tile, 0, b);
}

using RunColumns = void(const TernaryGemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<1>, Columns<2>, Columns<3>, Columns<4>};

// Each tile of the first half with one of the second.
void OneColumn(const TernaryGemmArgs& args) {
  const size_t half = args.tiles / 2;
  for (size_t tile = 0; tile < half; ++tile) {
    Tiles<2, 1>(args, tile, half, 0);
  }
  if (args.tiles % 2 != 0) {
    Tiles<1, 1>(args, args.tiles - 1, 0, 0);
  }
}

}  // namespace

void TernaryGemmX86Avx2(const TernaryGemmArgs& args) {
  if (args.batch == 1) {
    OneColumn(args);
    return;
  }
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in groups of nearly equal size: 5 as 3 + 2, since 4 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

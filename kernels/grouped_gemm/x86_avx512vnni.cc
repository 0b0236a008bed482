#include <immintrin.h>

#include "kernels/grouped_gemm/grouped_gemm.h"

// A tile x block is one register w: 32-bit lane r belongs to row r, and plane p (the p-th bit or pair of bits
// of each byte) holds the codes of k offsets 4p .. 4p+3. VPDPBUSD with those four x broadcast to every lane
// adds a plane. The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockBytes = 64;
constexpr size_t kMaxColumns = 8;
constexpr size_t kPrefetchBytes = 2048;  // As in ternary_gemm.

// Both layouts by the width of a code. A sum of code * x is doubled for 1 bit: the weight is 2 * bit - 1.
template <int kBits>
struct Codes {
  static constexpr size_t kPlanes = 8 / kBits;
  static constexpr size_t kBlockK = 4 * kPlanes;
  static constexpr int kMask = (1 << kBits) - 1;
  static constexpr int kDoubling = kBits == 1 ? 1 : 0;
};

__m512i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

// Where a tile's operands of group g begin.
struct Operands {
  size_t groups;  // In a row.
  size_t tile_bytes;
  const uint8_t* w;
  const uint16_t* w_scale;
};

template <int kBits>
Operands At(const GroupedGemmArgs& args, size_t tile) {
  const size_t groups = args.k / args.group;
  const size_t tile_bytes = args.k / Codes<kBits>::kBlockK * kBlockBytes;
  return {groups, tile_bytes, args.w + tile * tile_bytes, args.w_scale + tile * groups * kTileRows};
}

// acc + (sums - x_sum) * (w_scale * x_inv) of group `at` (of all columns), as the header defines it.
__m512 AddGroup(const GroupedGemmArgs& args, size_t at, const uint16_t* w_scale, __m512i sums, __m512 acc) {
  const __m512 exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(args.x_sum[at])));
  const __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w_scale)));
  return _mm512_fmadd_ps(exact, _mm512_mul_ps(scale, _mm512_set1_ps(args.x_inv[at])), acc);
}

// Two tiles and one column: decode. Leaves the codes of each plane where they are, worth a power of two as
// much, in sums of their own, which only the end of the group brings together. Worth it from two blocks in a
// group on. An int32 sum of 192 * 128 * group / 4 (2 bits) or 128 * 128 * group / 8 (1 bit) holds below group
// = 2^18.
template <int kBits, int kTiles>
void OneColumn(const GroupedGemmArgs& args, size_t tile, size_t b) {
  using C = Codes<kBits>;
  const Operands at = At<kBits>(args, tile);
  const uint8_t* w = at.w;
  const int8_t* x = args.x + b * args.x_stride;
  __m512 acc[kTiles];
#pragma GCC unroll 8
  for (__m512& a : acc) a = _mm512_setzero_ps();
  for (size_t g = 0; g < at.groups; ++g) {
    __m512i sums[kTiles][C::kPlanes];
#pragma GCC unroll 8
    for (auto& planes : sums) {
#pragma GCC unroll 8
      for (__m512i& sum : planes) sum = _mm512_setzero_si512();
    }
    for (const int8_t* end = x + args.group; x < end; x += C::kBlockK, w += kBlockBytes) {
      __m512i codes[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        // A prefetch past the weights is harmless: it cannot fault.
        _mm_prefetch(reinterpret_cast<const char*>(w + i * at.tile_bytes) + kPrefetchBytes, _MM_HINT_T0);
        codes[i] = _mm512_loadu_si512(w + i * at.tile_bytes);
      }
#pragma GCC unroll 8
      for (size_t p = 0; p < C::kPlanes; ++p) {
        const __m512i mask = _mm512_set1_epi8(static_cast<char>(C::kMask << (kBits * p)));
        const __m512i four = BroadcastFour(x + 4 * p);
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) {
          sums[i][p] = _mm512_dpbusd_epi32(sums[i][p], _mm512_and_si512(codes[i], mask), four);
        }
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      // Exact: each sum is a multiple of what it is divided by.
      __m512i sum = _mm512_slli_epi32(sums[i][0], C::kDoubling);
#pragma GCC unroll 8
      for (size_t p = 1; p < C::kPlanes; ++p) {
        sum = _mm512_add_epi32(sum, _mm512_srai_epi32(sums[i][p], kBits * p - C::kDoubling));
      }
      acc[i] = AddGroup(args, b * at.groups + g, at.w_scale + (i * at.groups + g) * kTileRows, sum, acc[i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kTiles; ++i) {
    _mm512_storeu_ps(args.y + b * args.y_stride + (tile + i) * kTileRows, acc[i]);
  }
}

// Several columns share the unpacking. 2 tiles x 8 columns: 16 sums, 2 weight registers, 2 planes, a mask and
// an x fit the 32 registers; the float sums wait in y.
template <int kBits, int kTiles, int kColumns>
void Columns(const GroupedGemmArgs& args, size_t tile, size_t b) {
  using C = Codes<kBits>;
  const Operands at = At<kBits>(args, tile);
  const __m512i mask = _mm512_set1_epi8(C::kMask);
  const uint8_t* w = at.w;
  const int8_t* x = args.x + b * args.x_stride;
  for (size_t g = 0; g < at.groups; ++g) {
    __m512i sums[kTiles][kColumns];
#pragma GCC unroll 8
    for (auto& columns : sums) {
#pragma GCC unroll 8
      for (__m512i& sum : columns) sum = _mm512_setzero_si512();
    }
    for (const int8_t* end = x + args.group; x < end; x += C::kBlockK, w += kBlockBytes) {
      __m512i codes[kTiles];
#pragma GCC unroll 8
      for (int i = 0; i < kTiles; ++i) {
        _mm_prefetch(reinterpret_cast<const char*>(w + i * at.tile_bytes) + kPrefetchBytes, _MM_HINT_T0);
        codes[i] = _mm512_loadu_si512(w + i * at.tile_bytes);
      }
#pragma GCC unroll 8
      for (size_t p = 0; p < C::kPlanes; ++p) {
        __m512i low[kTiles];
#pragma GCC unroll 8
        for (int i = 0; i < kTiles; ++i) {
          low[i] = _mm512_and_si512(codes[i], mask);
          codes[i] = _mm512_srli_epi16(codes[i], kBits);
        }
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) {
          const __m512i four = BroadcastFour(x + c * args.x_stride + 4 * p);
#pragma GCC unroll 8
          for (int i = 0; i < kTiles; ++i) sums[i][c] = _mm512_dpbusd_epi32(sums[i][c], low[i], four);
        }
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTiles; ++i) {
      const uint16_t* w_scale = at.w_scale + (i * at.groups + g) * kTileRows;
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        float* y = args.y + (b + c) * args.y_stride + (tile + i) * kTileRows;
        const __m512 acc = g == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(y);
        const __m512i sum = _mm512_slli_epi32(sums[i][c], C::kDoubling);
        _mm512_storeu_ps(y, AddGroup(args, (b + c) * at.groups + g, w_scale, sum, acc));
      }
    }
  }
}

using RunColumns = void(const GroupedGemmArgs& args, size_t tile, size_t b);

template <int kBits, int kTiles>
constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,
                                                   Columns<kBits, kTiles, 1>,
                                                   Columns<kBits, kTiles, 2>,
                                                   Columns<kBits, kTiles, 3>,
                                                   Columns<kBits, kTiles, 4>,
                                                   Columns<kBits, kTiles, 5>,
                                                   Columns<kBits, kTiles, 6>,
                                                   Columns<kBits, kTiles, 7>,
                                                   Columns<kBits, kTiles, 8>};

template <int kBits>
void Run(const GroupedGemmArgs& args) {
  const bool unshifted = args.group > Codes<kBits>::kBlockK;
  for (size_t tile = 0; tile < args.tiles; tile += 2) {
    const bool pair = tile + 1 < args.tiles;
    // The columns in batches of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      RunColumns* run = pair ? kColumns<kBits, 2>[columns] : kColumns<kBits, 1>[columns];
      if (columns == 1 && unshifted) run = pair ? OneColumn<kBits, 2> : OneColumn<kBits, 1>;
      run(args, tile, b);
      b += columns;
    }
  }
}

}  // namespace

void GroupedGemmX86Avx512Vnni(const GroupedGemmArgs& args) {
  switch (args.layout) {
    case GroupedLayout::k1Bit:
      return Run<1>(args);
    case GroupedLayout::k2Bit:
      return Run<2>(args);
  }
}

}  // namespace bitnet

#include <immintrin.h>

#include "kernels/int6_gemm/int6_gemm.h"

// 32-bit lane r of a register belongs to row r. VPMADDUBSW with four x broadcast to every lane gives two
// 16-bit sums per row, of at most 2 * 63 * 127: two of them fit an int16. VPDPWSSD multiplies both by the
// group's scale and adds them. (VPDPBUSD would leave a multiplication of 32 bits to do.) The unroll pragmas
// keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 32;
constexpr size_t kBlockBytes = 384;
constexpr size_t kBlockScales = 32;
constexpr size_t kMaxColumns = 8;
constexpr size_t kPrefetchBytes = 3072;

// An int32 in every lane.
__m512i Broadcast(const void* at) {
  int value;
  __builtin_memcpy(&value, at, sizeof(value));
  return _mm512_set1_epi32(value);
}

// low | (high & 0x30)
__m512i Join(__m512i low, __m512i high) {
  constexpr int kOrAnd = 0xf8;  // Truth table of a | (b & c).
  return _mm512_ternarylogic_epi32(low, high, _mm512_set1_epi8(0x30), kOrAnd);
}

// Adds low register kJ, with its high bits at bits 5:4 of `first` and `second`, to the sums of each column.
template <int kJ, int kColumns>
void AddRegister(const uint8_t* w, __m512i first, __m512i second, __m512i scales, const int8_t* x,
                 size_t x_stride, __m512i (&sums)[kColumns]) {
  const __m512i mask = _mm512_set1_epi8(0x0f);
  const __m512i low = _mm512_loadu_si512(w + 64 * kJ);
  const __m512i codes0 = Join(_mm512_and_si512(low, mask), first);
  const __m512i codes1 = Join(_mm512_and_si512(_mm512_srli_epi16(low, 4), mask), second);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const int8_t* at = x + c * x_stride + 8 * kJ;
    const __m512i pairs = _mm512_add_epi16(_mm512_maddubs_epi16(codes0, Broadcast(at)),
                                           _mm512_maddubs_epi16(codes1, Broadcast(at + 4)));
    sums[c] = _mm512_dpwssd_epi32(sums[c], pairs, scales);
  }
}

// 8 columns: 8 sums, 2 codes, 2 high registers, 3 scales, 2 masks, pairs and an x fit the 32 registers.
template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = args.k / kBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const int8_t* w_scale = args.w_scale + tile * blocks * kBlockScales;
  const int8_t* x = args.x + b * args.x_stride;
  const int16_t* x_minus8 = args.x_minus8 + b * args.x_minus8_stride;
  __m512i sums[kColumns];
#pragma GCC unroll 8
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (size_t block = 0; block < blocks; ++block) {
    // A prefetch past the weights is harmless: it cannot fault.
#pragma GCC unroll 8
    for (size_t line = 0; line < kBlockBytes; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + line, _MM_HINT_T0);
    }
    // 32-bit lane r: the scale of group 0 of row r, and that of group 1.
    const __m512i scales =
        _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w_scale)));
    const __m512i low_half = _mm512_set1_epi32(0xffff);
    const __m512i scales0 =
        _mm512_or_si512(_mm512_and_si512(scales, low_half), _mm512_slli_epi32(scales, 16));
    const __m512i scales1 =
        _mm512_or_si512(_mm512_andnot_si512(low_half, scales), _mm512_srli_epi32(scales, 16));
    const __m512i high0 = _mm512_loadu_si512(w + 256);
    AddRegister<0, kColumns>(w, _mm512_slli_epi16(high0, 4), _mm512_slli_epi16(high0, 2), scales0, x,
                             args.x_stride, sums);
    AddRegister<1, kColumns>(w, high0, _mm512_srli_epi16(high0, 2), scales0, x, args.x_stride, sums);
    const __m512i high1 = _mm512_loadu_si512(w + 320);
    AddRegister<2, kColumns>(w, _mm512_slli_epi16(high1, 4), _mm512_slli_epi16(high1, 2), scales1, x,
                             args.x_stride, sums);
    AddRegister<3, kColumns>(w, high1, _mm512_srli_epi16(high1, 2), scales1, x, args.x_stride, sums);
    // Codes are weight + 32: 4 * scale times -8 * sum of x, for both groups.
    const __m512i scales4 = _mm512_slli_epi16(scales, 2);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      sums[c] = _mm512_dpwssd_epi32(sums[c], scales4, Broadcast(x_minus8 + c * args.x_minus8_stride));
    }
    w += kBlockBytes;
    w_scale += kBlockScales;
    x += kBlockK;
    x_minus8 += 2;
  }
  const __m512 row_scale = _mm512_loadu_ps(args.row_scale + tile * kTileRows);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const __m512 scale = _mm512_mul_ps(row_scale, _mm512_set1_ps(args.x_scale[b + c]));
    _mm512_storeu_ps(args.y + (b + c) * args.y_stride + tile * kTileRows,
                     _mm512_mul_ps(_mm512_cvtepi32_ps(sums[c]), scale));
  }
}

using RunColumns = void(const Int6GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,    Columns<1>, Columns<2>, Columns<3>, Columns<4>,
                                                   Columns<5>, Columns<6>, Columns<7>, Columns<8>};

}  // namespace

void Int6GemmX86Avx512Vnni(const Int6GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

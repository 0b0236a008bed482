#include <immintrin.h>

#include "kernels/int6_gemm/int6_gemm.h"

// 32-bit lane r of a register belongs to row r. VPDPBUSD with four x broadcast to every lane adds four k. The
// unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kGroup = 32;
constexpr size_t kGroupBytes = 384;
constexpr size_t kMaxColumns = 8;
constexpr size_t kPrefetchBytes = 3072;

__m512i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

// low | (high & 0x30)
__m512i Join(__m512i low, __m512i high) {
  constexpr int kOrAnd = 0xf8;  // Truth table of a | (b & c).
  return _mm512_ternarylogic_epi32(low, high, _mm512_set1_epi8(0x30), kOrAnd);
}

// Adds low register j, with its high bits at bits 5:4 of `first` and `second`, to each column's sums.
template <int kJ, int kColumns>
void AddRegister(const uint8_t* w, __m512i first, __m512i second, const int8_t* x, size_t x_stride,
                 __m512i (&sums)[kColumns]) {
  const __m512i mask = _mm512_set1_epi8(0x0f);
  const __m512i low = _mm512_loadu_si512(w + 64 * kJ);
  const __m512i codes0 = Join(_mm512_and_si512(low, mask), first);
  const __m512i codes1 = Join(_mm512_and_si512(_mm512_srli_epi16(low, 4), mask), second);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const int8_t* at = x + c * x_stride + 8 * kJ;
    sums[c] = _mm512_dpbusd_epi32(sums[c], codes0, BroadcastFour(at));
    sums[c] = _mm512_dpbusd_epi32(sums[c], codes1, BroadcastFour(at + 4));
  }
}

// 8 columns: 8 sums, 8 float sums, 2 codes, 2 high registers, 2 masks and an x fit the 32 registers.
template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  const size_t groups = args.k / kGroup;
  const uint8_t* w = args.w + tile * groups * kGroupBytes;
  const uint16_t* w_scale = args.w_scale + tile * groups * kTileRows;
  const int8_t* x = args.x + b * args.x_stride;
  __m512 acc[kColumns];
#pragma GCC unroll 8
  for (__m512& a : acc) a = _mm512_setzero_ps();
  for (size_t g = 0; g < groups; ++g, w += kGroupBytes, w_scale += kTileRows, x += kGroup) {
    // A prefetch past the weights is harmless: it cannot fault.
#pragma GCC unroll 8
    for (size_t line = 0; line < kGroupBytes; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + line, _MM_HINT_T0);
    }
    __m512i sums[kColumns];
#pragma GCC unroll 8
    for (__m512i& sum : sums) sum = _mm512_setzero_si512();
    const __m512i high0 = _mm512_loadu_si512(w + 256);
    AddRegister<0, kColumns>(w, _mm512_slli_epi16(high0, 4), _mm512_slli_epi16(high0, 2), x, args.x_stride,
                             sums);
    AddRegister<1, kColumns>(w, high0, _mm512_srli_epi16(high0, 2), x, args.x_stride, sums);
    const __m512i high1 = _mm512_loadu_si512(w + 320);
    AddRegister<2, kColumns>(w, _mm512_slli_epi16(high1, 4), _mm512_slli_epi16(high1, 2), x, args.x_stride,
                             sums);
    AddRegister<3, kColumns>(w, high1, _mm512_srli_epi16(high1, 2), x, args.x_stride, sums);
    const __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w_scale)));
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const size_t at = (b + c) * groups + g;
      const __m512i sum = _mm512_sub_epi32(sums[c], _mm512_set1_epi32(32 * args.x_sum[at]));
      acc[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(scale, _mm512_set1_ps(args.x_inv[at])),
                               acc[c]);
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    _mm512_storeu_ps(args.y + (b + c) * args.y_stride + tile * kTileRows, acc[c]);
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

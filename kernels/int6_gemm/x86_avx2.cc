#include <immintrin.h>

#include "kernels/int6_gemm/int6_gemm.h"

// A register of a tile x group is two of 8 rows each: 32-bit lane r belongs to row r. VPMADDUBSW with four x
// broadcast to every lane gives two 16-bit sums per row, of at most 2 * 63 * 128: two of them fit an int16.
// The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kGroup = 32;
constexpr size_t kGroupBytes = 384;
// 4 columns x 2 halves: 8 sums, 2 codes, 3 masks, an x and what is being unpacked fit the 16 registers.
constexpr size_t kMaxColumns = 4;
constexpr size_t kPrefetchBytes = 3072;

__m256i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

// Bits 5:4 of the codes of k offsets 8j + 4 * second + i, in place, from high register j / 2.
template <int kPlane>
__m256i HighBits(__m256i high) {
  const __m256i mask = _mm256_set1_epi8(0x30);
  if constexpr (kPlane == 0) return _mm256_and_si256(_mm256_slli_epi16(high, 4), mask);
  if constexpr (kPlane == 1) return _mm256_and_si256(_mm256_slli_epi16(high, 2), mask);
  if constexpr (kPlane == 2) return _mm256_and_si256(high, mask);
  return _mm256_and_si256(_mm256_srli_epi16(high, 2), mask);
}

// The codes of k offsets 8j .. 8j+3 and 8j+4 .. 8j+7 of 8 rows.
struct Codes {
  __m256i first;
  __m256i second;
};

template <int kJ>
Codes Unpack(const uint8_t* w) {
  const __m256i mask = _mm256_set1_epi8(0x0f);
  const __m256i low = Load(w + 64 * kJ);
  const __m256i high = Load(w + 64 * (4 + kJ / 2));
  return {_mm256_or_si256(_mm256_and_si256(low, mask), HighBits<kJ % 2 * 2>(high)),
          _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low, 4), mask), HighBits<kJ % 2 * 2 + 1>(high))};
}

// Adds register j of 8 rows to the exact sums of code * x of each column.
template <int kJ, int kColumns>
void AddRegister(const uint8_t* w, const int8_t* x, size_t x_stride, __m256i (&sums)[kColumns]) {
  const __m256i ones = _mm256_set1_epi16(1);
  const Codes codes = Unpack<kJ>(w);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const int8_t* at = x + c * x_stride + 8 * kJ;
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(codes.first, BroadcastFour(at)),
                                           _mm256_maddubs_epi16(codes.second, BroadcastFour(at + 4)));
    sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(pairs, ones));
  }
}

template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  const size_t groups = args.k / kGroup;
  const uint8_t* w = args.w + tile * groups * kGroupBytes;
  const uint16_t* w_scale = args.w_scale + tile * groups * kTileRows;
  const int8_t* x = args.x + b * args.x_stride;
  __m256 acc[2][kColumns];
#pragma GCC unroll 8
  for (auto& half : acc) {
#pragma GCC unroll 8
    for (__m256& a : half) a = _mm256_setzero_ps();
  }
  for (size_t g = 0; g < groups; ++g, w += kGroupBytes, w_scale += kTileRows, x += kGroup) {
    // A prefetch past the weights is harmless: it cannot fault.
#pragma GCC unroll 8
    for (size_t line = 0; line < kGroupBytes; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + line, _MM_HINT_T0);
    }
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      __m256i sums[kColumns];
#pragma GCC unroll 8
      for (__m256i& sum : sums) sum = _mm256_setzero_si256();
      AddRegister<0, kColumns>(w + 32 * half, x, args.x_stride, sums);
      AddRegister<1, kColumns>(w + 32 * half, x, args.x_stride, sums);
      AddRegister<2, kColumns>(w + 32 * half, x, args.x_stride, sums);
      AddRegister<3, kColumns>(w + 32 * half, x, args.x_stride, sums);
      const __m256 scale =
          _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w_scale + 8 * half)));
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const size_t at = (b + c) * groups + g;
        const __m256i sum = _mm256_sub_epi32(sums[c], _mm256_set1_epi32(32 * args.x_sum[at]));
        acc[half][c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                                       _mm256_mul_ps(scale, _mm256_set1_ps(args.x_inv[at])), acc[half][c]);
      }
    }
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      _mm256_storeu_ps(args.y + (b + c) * args.y_stride + tile * kTileRows + 8 * half, acc[half][c]);
    }
  }
}

using RunColumns = void(const Int6GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<1>, Columns<2>, Columns<3>, Columns<4>};

}  // namespace

void Int6GemmX86Avx2(const Int6GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 5 as 3 + 2, since 4 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

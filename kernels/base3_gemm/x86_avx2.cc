#include <immintrin.h>

#include "kernels/base3_gemm/base3_gemm.h"

// A tile x block is two registers of 8 rows each: 32-bit lane r belongs to row r, and digit d of its bytes
// holds the weights of k offsets 4d .. 4d+3. Two comparisons find a digit, and VPMADDUBSW with those four x
// broadcast to every lane gives two 16-bit sums per row. (The bytes themselves, as other variants take them,
// would overflow those.) The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 20;
constexpr size_t kBlockBytes = 64;
constexpr size_t kDigits = 5;
// 3 columns x 2 halves: 6 sums, 2 weight registers, 2 digits, 3 constants and an x fit the 16 registers.
constexpr size_t kMaxColumns = 3;
// A digit adds at most 2 products of 2 * 127 or 2 * -128 to a 16-bit sum, a block five: 12 blocks reach
// -30720.
constexpr size_t kBlocksPerWidening = 12;
constexpr size_t kPrefetchBytes = 2048;

__m256i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

// Both in registers now: see panel_gemm/x86_avx2.cc.
void Keep(__m256i& a, __m256i& b) { asm volatile("" : "+x"(a), "+x"(b)); }

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

// The low bytes of 3b: the next digits.
__m256i Triple(__m256i b) { return _mm256_add_epi8(b, _mm256_add_epi8(b, b)); }

// The first digits + 1: 3b rounds to 256 times -1 up to b = -43, and to 256 times +1 from 43 on. A comparison
// that holds is -1.
__m256i FirstDigit(__m256i b) {
  const __m256i not_negative =
      _mm256_add_epi8(_mm256_set1_epi8(1), _mm256_cmpgt_epi8(_mm256_set1_epi8(-42), b));
  return _mm256_sub_epi8(not_negative, _mm256_cmpgt_epi8(b, _mm256_set1_epi8(42)));
}

template <int kColumns>
void Columns(const Base3GemmArgs& args, size_t tile, size_t b) {
  const __m256i ones = _mm256_set1_epi16(1);
  const size_t blocks = (args.k + kBlockK - 1) / kBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const int8_t* x = args.x + b * args.x_stride;
  __m256i totals[2][kColumns];
#pragma GCC unroll 8
  for (auto& half : totals) {
#pragma GCC unroll 8
    for (__m256i& total : half) total = _mm256_setzero_si256();
  }
  for (size_t block = 0; block < blocks;) {
    const size_t left = blocks - block;
    const size_t end = block + (left < kBlocksPerWidening ? left : kBlocksPerWidening);
    __m256i sums[2][kColumns];
#pragma GCC unroll 8
    for (auto& half : sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
    for (; block < end; ++block, w += kBlockBytes, x += kBlockK) {
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes, _MM_HINT_T0);
      __m256i bytes[2] = {Load(w), Load(w + kBlockBytes / 2)};
#pragma GCC unroll 8
      for (size_t d = 0; d < kDigits; ++d) {
        const __m256i digit[2] = {FirstDigit(bytes[0]), FirstDigit(bytes[1])};
        bytes[0] = Triple(bytes[0]);
        bytes[1] = Triple(bytes[1]);
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) {
          const __m256i four = BroadcastFour(x + c * args.x_stride + 4 * d);
          sums[0][c] = _mm256_add_epi16(sums[0][c], _mm256_maddubs_epi16(digit[0], four));
          sums[1][c] = _mm256_add_epi16(sums[1][c], _mm256_maddubs_epi16(digit[1], four));
          Keep(sums[0][c], sums[1][c]);
        }
      }
    }
#pragma GCC unroll 8
    for (int half = 0; half < 2; ++half) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        totals[half][c] = _mm256_add_epi32(totals[half][c], _mm256_madd_epi16(sums[half][c], ones));
      }
    }
  }
#pragma GCC unroll 8
  for (int half = 0; half < 2; ++half) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const __m256i x_sum = _mm256_set1_epi32(args.x_sum[b + c]);
      const __m256 exact = _mm256_cvtepi32_ps(_mm256_sub_epi32(totals[half][c], x_sum));
      _mm256_storeu_ps(args.y + (b + c) * args.y_stride + tile * kTileRows + 8 * half,
                       _mm256_mul_ps(exact, _mm256_set1_ps(args.factor[b + c])));
    }
  }
}

using RunColumns = void(const Base3GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<1>, Columns<2>, Columns<3>};

}  // namespace

void Base3GemmX86Avx2(const Base3GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in groups of nearly equal size: 4 as 2 + 2, since 3 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

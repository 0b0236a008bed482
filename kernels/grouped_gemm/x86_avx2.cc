#include <immintrin.h>

#include "kernels/grouped_gemm/grouped_gemm.h"

// A tile x block is two registers of 8 rows each: 32-bit lane r belongs to row r, and plane p (the p-th bit
// or pair of bits of each byte) holds the codes of k offsets 4p .. 4p+3. VPMADDUBSW with those four x
// broadcast to every lane gives two 16-bit sums per row. The unroll pragmas keep the sums in registers: see
// ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockBytes = 64;
// 4 columns x 2 halves: 8 sums, 2 weight registers, 2 planes, a mask and an x fit the 16 registers; the float
// sums wait in y.
constexpr size_t kMaxColumns = 4;
constexpr size_t kPrefetchBytes = 2048;

// Both layouts by the width of a code. A sum of code * x is doubled for 1 bit: the weight is 2 * bit - 1.
template <int kBits>
struct Codes {
  static constexpr size_t kPlanes = 8 / kBits;
  static constexpr size_t kBlockK = 4 * kPlanes;
  static constexpr int kMask = (1 << kBits) - 1;
  static constexpr int kDoubling = kBits == 1 ? 1 : 0;
  // A plane adds at most 2 products of kMask * -128 to a 16-bit sum: 16 blocks of 1-bit codes reach -32768,
  // and 10 of 2-bit codes -30720.
  static constexpr size_t kBlocksPerWidening = kBits == 1 ? 16 : 10;
};

__m256i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

// Both in registers now: see panel_gemm/x86_avx2.cc.
void Keep(__m256i& a, __m256i& b) { asm volatile("" : "+x"(a), "+x"(b)); }

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

// acc + (sums - x_sum) * (w_scale * x_inv) of group `at` (of all columns), as the header defines it.
__m256 AddGroup(const GroupedGemmArgs& args, size_t at, const uint16_t* w_scale, __m256i sums, __m256 acc) {
  const __m256 exact = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, _mm256_set1_epi32(args.x_sum[at])));
  const __m256 scale = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w_scale)));
  return _mm256_fmadd_ps(exact, _mm256_mul_ps(scale, _mm256_set1_ps(args.x_inv[at])), acc);
}

// The exact sums of code * x of one group, whose weights and x begin at `w` and `x`.
template <int kBits, int kColumns>
void SumGroup(const GroupedGemmArgs& args, const uint8_t* w, const int8_t* x,
              __m256i (&totals)[2][kColumns]) {
  using C = Codes<kBits>;
  const __m256i mask = _mm256_set1_epi8(C::kMask);
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
  for (auto& half : totals) {
#pragma GCC unroll 8
    for (__m256i& total : half) total = _mm256_setzero_si256();
  }
  for (size_t k0 = 0; k0 < args.group;) {
    const size_t k_left = args.group - k0;
    const size_t k_step = C::kBlocksPerWidening * C::kBlockK;
    const size_t k_end = k0 + (k_left < k_step ? k_left : k_step);
    __m256i sums[2][kColumns];
#pragma GCC unroll 8
    for (auto& half : sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
    for (; k0 < k_end; k0 += C::kBlockK, w += kBlockBytes) {
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes, _MM_HINT_T0);
      __m256i codes[2] = {Load(w), Load(w + kBlockBytes / 2)};
#pragma GCC unroll 8
      for (size_t p = 0; p < C::kPlanes; ++p) {
        const __m256i low[2] = {_mm256_and_si256(codes[0], mask), _mm256_and_si256(codes[1], mask)};
        codes[0] = _mm256_srli_epi16(codes[0], kBits);
        codes[1] = _mm256_srli_epi16(codes[1], kBits);
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) {
          const __m256i four = BroadcastFour(x + c * args.x_stride + k0 + 4 * p);
          sums[0][c] = _mm256_add_epi16(sums[0][c], _mm256_maddubs_epi16(low[0], four));
          sums[1][c] = _mm256_add_epi16(sums[1][c], _mm256_maddubs_epi16(low[1], four));
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
}

template <int kBits, int kColumns>
void Columns(const GroupedGemmArgs& args, size_t tile, size_t b) {
  using C = Codes<kBits>;
  const size_t groups = args.k / args.group;
  const size_t group_bytes = args.group / C::kBlockK * kBlockBytes;
  for (size_t g = 0; g < groups; ++g) {
    __m256i totals[2][kColumns];
    SumGroup<kBits, kColumns>(args, args.w + (tile * groups + g) * group_bytes,
                              args.x + b * args.x_stride + g * args.group, totals);
#pragma GCC unroll 8
    for (int half = 0; half < 2; ++half) {
      const uint16_t* w_scale = args.w_scale + (tile * groups + g) * kTileRows + 8 * half;
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        float* y = args.y + (b + c) * args.y_stride + tile * kTileRows + 8 * half;
        const __m256 acc = g == 0 ? _mm256_setzero_ps() : _mm256_loadu_ps(y);
        const __m256i sum = _mm256_slli_epi32(totals[half][c], C::kDoubling);
        _mm256_storeu_ps(y, AddGroup(args, (b + c) * groups + g, w_scale, sum, acc));
      }
    }
  }
}

using RunColumns = void(const GroupedGemmArgs& args, size_t tile, size_t b);

template <int kBits>
constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<kBits, 1>, Columns<kBits, 2>,
                                                   Columns<kBits, 3>, Columns<kBits, 4>};

template <int kBits>
void Run(const GroupedGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 5 as 3 + 2, since 4 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns<kBits>[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace

void GroupedGemmX86Avx2(const GroupedGemmArgs& args) {
  switch (args.layout) {
    case GroupedLayout::k1Bit:
      return Run<1>(args);
    case GroupedLayout::k2Bit:
      return Run<2>(args);
  }
}

}  // namespace bitnet

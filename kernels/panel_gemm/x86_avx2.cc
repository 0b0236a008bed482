#include <immintrin.h>

#include "kernels/panel_gemm/panel_gemm.h"

// A panel has 64 bytes for each four k: byte 4r + i is the code of row r, k offset i. As two registers of 8
// rows, 32-bit lane r belongs to row r, and VPMADDUBSW with four x broadcast to every lane gives two 16-bit
// sums per row. The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kRows = 16;
constexpr size_t kFourBytes = 64;  // Of a panel.
constexpr size_t kBlockBytes = 64;
// 6 columns x 2 halves: 12 sums, 2 codes, an x and a product are the 16 registers.
constexpr size_t kMaxColumns = 6;
// Fours of k: 2 products of 3 * 128 each time, 40 of which reach 30720.
constexpr size_t kFoursPerWidening = 40;

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }
void Store(uint8_t* out, __m256i v) { _mm256_store_si256(reinterpret_cast<__m256i*>(out), v); }

__m256i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm256_set1_epi32(four);
}

// Both in registers now. GCC 12 otherwise loads the x of all columns before the first product and spills the
// sums for it: half the speed on Zen 3.
void Keep(__m256i& a, __m256i& b) { asm volatile("" : "+x"(a), "+x"(b)); }

// Codes of kBits each, lowest first.
template <int kBits>
void UnpackBits(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kPlanes = 8 / kBits;
  const __m256i mask = _mm256_set1_epi8((1 << kBits) - 1);
  for (size_t k0 = 0; k0 < k; k0 += 4 * kPlanes, w += kBlockBytes) {
    __m256i codes[2] = {Load(w), Load(w + 32)};
#pragma GCC unroll 8
    for (size_t p = 0; p < kPlanes; ++p, panel += kFourBytes) {
      Store(panel, _mm256_and_si256(codes[0], mask));
      Store(panel + 32, _mm256_and_si256(codes[1], mask));
      codes[0] = _mm256_srli_epi16(codes[0], kBits);
      codes[1] = _mm256_srli_epi16(codes[1], kBits);
    }
  }
}

// The first digits + 1, and what is left for the next: see base3_gemm/x86_avx2.cc.
__m256i FirstDigit(__m256i b) {
  const __m256i not_negative =
      _mm256_add_epi8(_mm256_set1_epi8(1), _mm256_cmpgt_epi8(_mm256_set1_epi8(-42), b));
  return _mm256_sub_epi8(not_negative, _mm256_cmpgt_epi8(b, _mm256_set1_epi8(42)));
}
__m256i Triple(__m256i b) { return _mm256_add_epi8(b, _mm256_add_epi8(b, b)); }

void UnpackBase3(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kDigits = 5;
  for (size_t k0 = 0; k0 < k; k0 += 4 * kDigits, w += kBlockBytes) {
    __m256i bytes[2] = {Load(w), Load(w + 32)};
#pragma GCC unroll 8
    for (size_t d = 0; d < kDigits; ++d, panel += kFourBytes) {
      Store(panel, FirstDigit(bytes[0]));
      Store(panel + 32, FirstDigit(bytes[1]));
      bytes[0] = Triple(bytes[0]);
      bytes[1] = Triple(bytes[1]);
    }
  }
}

template <int kColumns>
void Columns(const PanelGemmArgs& args, size_t b) {
  const __m256i ones = _mm256_set1_epi16(1);
  const uint8_t* w = args.panel;
  const int8_t* x = args.x + b * args.x_stride;
  const size_t fours = args.k / 4;
  for (size_t four = 0; four < fours;) {
    const size_t left = fours - four;
    const size_t end = four + (left < kFoursPerWidening ? left : kFoursPerWidening);
    __m256i sums[2][kColumns];
#pragma GCC unroll 8
    for (auto& half : sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
    for (; four < end; ++four, w += kFourBytes, x += 4) {
      const __m256i low = Load(w);
      const __m256i high = Load(w + 32);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const __m256i xs = BroadcastFour(x + c * args.x_stride);
        sums[0][c] = _mm256_add_epi16(sums[0][c], _mm256_maddubs_epi16(low, xs));
        sums[1][c] = _mm256_add_epi16(sums[1][c], _mm256_maddubs_epi16(high, xs));
        Keep(sums[0][c], sums[1][c]);
      }
    }
    // The x of the columns that come next, which lie too far apart for the hardware to foresee. A prefetch
    // past the last one is harmless: it cannot fault.
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const char* next =
          reinterpret_cast<const char*>(x + (c + kColumns) * args.x_stride - 4 * kFoursPerWidening);
#pragma GCC unroll 8
      for (size_t line = 0; line < 4 * kFoursPerWidening; line += 64) _mm_prefetch(next + line, _MM_HINT_T0);
    }
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 8
      for (int half = 0; half < 2; ++half) {
        auto* total = reinterpret_cast<__m256i*>(args.sums + (b + c) * kRows + 8 * half);
        _mm256_store_si256(
            total, _mm256_add_epi32(_mm256_load_si256(total), _mm256_madd_epi16(sums[half][c], ones)));
      }
    }
  }
}

using RunColumns = void(const PanelGemmArgs& args, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,    Columns<1>, Columns<2>, Columns<3>,
                                                   Columns<4>, Columns<5>, Columns<6>};

}  // namespace

void UnpackPanelX86Avx2(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel) {
  switch (source) {
    case PanelSource::kTernary2Bit:
      return UnpackBits<2>(k, w, panel);
    case PanelSource::kBase3:
      return UnpackBase3(k, w, panel);
    case PanelSource::k1Bit:
      return UnpackBits<1>(k, w, panel);
  }
}

void MultiplyPanelX86Avx2(const PanelGemmArgs& args) {
  // The columns in groups of nearly equal size: 7 as 4 + 3, since 6 + 1 would read the panel for one alone.
  size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
  for (size_t b = 0; b < args.batch; --groups) {
    const size_t columns = (args.batch - b + groups - 1) / groups;
    kColumns[columns](args, b);
    b += columns;
  }
}

void AddPanelGroupX86Avx2(const PanelGroupArgs& args) {
  for (int half = 0; half < 2; ++half) {
    const __m256 w_scale =
        _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(args.w_scale + 8 * half)));
    for (size_t b = 0; b < args.batch; ++b) {
      const auto* sums = reinterpret_cast<const __m256i*>(args.sums + b * kRows + 8 * half);
      const __m256i shifted = _mm256_slli_epi32(_mm256_load_si256(sums), args.shift);
      const __m256i exact = _mm256_sub_epi32(shifted, _mm256_set1_epi32(args.x_sum[b * args.group_stride]));
      const __m256 scale = _mm256_mul_ps(w_scale, _mm256_set1_ps(args.x_inv[b * args.group_stride]));
      float* acc = args.acc + b * args.acc_stride + 8 * half;
      _mm256_storeu_ps(acc, _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact), scale, _mm256_loadu_ps(acc)));
    }
  }
}

}  // namespace bitnet

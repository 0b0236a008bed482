#include <immintrin.h>

#include "kernels/panel_gemm/panel_gemm.h"

// A panel has 64 bytes for each four k: byte 4r + i is the code of row r, k offset i. 32-bit lane r of a
// register belongs to row r, and VPDPBUSD with four x broadcast to every lane, which it does while it loads
// them, adds four k. The unroll pragmas keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kRows = 16;
constexpr size_t kFourBytes = 64;  // Of a panel.
constexpr size_t kBlockBytes = 64;
// Sums enough to hide the four cycles of a dot product on two units; more would read more x at a time.
constexpr size_t kMaxColumns = 12;

__m512i BroadcastFour(const int8_t* x) {
  int four;
  __builtin_memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

// Codes of kBits each, lowest first.
template <int kBits>
void UnpackBits(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kPlanes = 8 / kBits;
  const __m512i mask = _mm512_set1_epi8((1 << kBits) - 1);
  for (size_t k0 = 0; k0 < k; k0 += 4 * kPlanes, w += kBlockBytes) {
    __m512i codes = _mm512_loadu_si512(w);
#pragma GCC unroll 8
    for (size_t p = 0; p < kPlanes; ++p, panel += kFourBytes) {
      _mm512_store_si512(panel, _mm512_and_si512(codes, mask));
      codes = _mm512_srli_epi16(codes, kBits);
    }
  }
}

// The digits + 1, first one first: see base3_gemm.h, and base3_gemm/x86_avx2.cc for the thresholds.
void UnpackBase3(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kDigits = 5;
  const __m512i one = _mm512_set1_epi8(1);
  const __m512i two = _mm512_set1_epi8(2);
  const __m512i threshold = _mm512_set1_epi8(42);
  const __m512i minus_threshold = _mm512_set1_epi8(-42);
  for (size_t k0 = 0; k0 < k; k0 += 4 * kDigits, w += kBlockBytes) {
    __m512i bytes = _mm512_loadu_si512(w);
#pragma GCC unroll 8
    for (size_t d = 0; d < kDigits; ++d, panel += kFourBytes) {
      const __mmask64 plus = _mm512_cmpgt_epi8_mask(bytes, threshold);
      const __mmask64 not_minus = _mm512_cmpge_epi8_mask(bytes, minus_threshold);
      _mm512_store_si512(panel, _mm512_mask_mov_epi8(_mm512_maskz_mov_epi8(not_minus, one), plus, two));
      bytes = _mm512_add_epi8(bytes, _mm512_add_epi8(bytes, bytes));
    }
  }
}

template <int kColumns>
void Columns(const PanelGemmArgs& args, size_t b) {
  const uint8_t* w = args.panel;
  const int8_t* x = args.x + b * args.x_stride;
  int32_t* totals = args.sums + b * kRows;
  __m512i sums[kColumns];
#pragma GCC unroll 16
  for (int c = 0; c < kColumns; ++c) sums[c] = _mm512_load_si512(totals + c * kRows);
  for (size_t k0 = 0; k0 < args.k; k0 += 4, w += kFourBytes) {
    const __m512i codes = _mm512_load_si512(w);
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; ++c) {
      sums[c] = _mm512_dpbusd_epi32(sums[c], codes, BroadcastFour(x + c * args.x_stride + k0));
    }
  }
#pragma GCC unroll 16
  for (int c = 0; c < kColumns; ++c) _mm512_store_si512(totals + c * kRows, sums[c]);
}

using RunColumns = void(const PanelGemmArgs& args, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {
    nullptr,    Columns<1>, Columns<2>, Columns<3>,  Columns<4>,  Columns<5>, Columns<6>,
    Columns<7>, Columns<8>, Columns<9>, Columns<10>, Columns<11>, Columns<12>};

}  // namespace

void UnpackPanelX86Avx512Vnni(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel) {
  switch (source) {
    case PanelSource::kTernary2Bit:
      return UnpackBits<2>(k, w, panel);
    case PanelSource::kBase3:
      return UnpackBase3(k, w, panel);
    case PanelSource::k1Bit:
      return UnpackBits<1>(k, w, panel);
  }
}

void MultiplyPanelX86Avx512Vnni(const PanelGemmArgs& args) {
  // The columns in groups of nearly equal size: 13 as 7 + 6, since 12 + 1 would read the panel for one alone.
  size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
  for (size_t b = 0; b < args.batch; --groups) {
    const size_t columns = (args.batch - b + groups - 1) / groups;
    kColumns[columns](args, b);
    b += columns;
  }
}

void AddPanelGroupX86Avx512Vnni(const PanelGroupArgs& args) {
  const __m512 w_scale = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.w_scale)));
  for (size_t b = 0; b < args.batch; ++b) {
    const __m512i shifted =
        _mm512_sll_epi32(_mm512_load_si512(args.sums + b * kRows), _mm_cvtsi32_si128(args.shift));
    const __m512i exact = _mm512_sub_epi32(shifted, _mm512_set1_epi32(args.x_sum[b * args.group_stride]));
    const __m512 scale = _mm512_mul_ps(w_scale, _mm512_set1_ps(args.x_inv[b * args.group_stride]));
    float* acc = args.acc + b * args.acc_stride;
    _mm512_storeu_ps(acc, _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact), scale, _mm512_loadu_ps(acc)));
  }
}

}  // namespace bitnet

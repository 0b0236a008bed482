#include <immintrin.h>

#include "kernels/row_gemv/row_gemv.h"

// Two blocks of a row are one register: plane p (bits 2p+1:2p of each byte) holds the codes of 32
// neighbouring k of either block. VPDPBUSD leaves the codes where they are, worth 1, 4, 16 and 64 times as
// much, in sums of their own: no shifts. An int32 sum of 4 * 64 * 2 * 128 = 2^16 for each 256 k holds below k
// = 2^22.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kPairBytes = 2 * kBlockBytes;
// Rows to come are asked for meanwhile, as the list says and no hardware can know.
constexpr size_t kRowsAhead = 4;

struct PlaneSums {
  __m512i by1, by4, by16, by64;
};

__m256i Load32(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

__m512i Join(__m256i first, __m256i second) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}

// The same 32 k offsets of two blocks. Of the last one of an odd number the second half is zeros.
__m512i LoadX(const int8_t* x, bool both) {
  return Join(Load32(x), both ? Load32(x + kRowBlockK) : _mm256_setzero_si256());
}

__m512i LoadCodes(const uint8_t* w, bool both) {
  return Join(Load32(w), both ? Load32(w + kBlockBytes) : _mm256_setzero_si256());
}

int32_t Total(const PlaneSums& sums) {
  // Exact: each sum is a multiple of what it is divided by.
  const __m512i low = _mm512_add_epi32(sums.by1, _mm512_srai_epi32(sums.by4, 2));
  const __m512i high = _mm512_add_epi32(_mm512_srai_epi32(sums.by16, 4), _mm512_srai_epi32(sums.by64, 6));
  const __m512i all = _mm512_add_epi32(low, high);
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

__m512i Plane(__m512i codes, int mask) {
  return _mm512_and_si512(codes, _mm512_set1_epi8(static_cast<char>(mask)));
}

void AddBlocks(__m512i codes, const int8_t* x, bool both, PlaneSums& sums) {
  sums.by1 = _mm512_dpbusd_epi32(sums.by1, Plane(codes, 0x03), LoadX(x, both));
  sums.by4 = _mm512_dpbusd_epi32(sums.by4, Plane(codes, 0x0c), LoadX(x + 32, both));
  sums.by16 = _mm512_dpbusd_epi32(sums.by16, Plane(codes, 0x30), LoadX(x + 64, both));
  sums.by64 = _mm512_dpbusd_epi32(sums.by64, Plane(codes, 0xc0), LoadX(x + 96, both));
}

// `next` is a row to fetch meanwhile.
int32_t CodesTimes(size_t k, const uint8_t* w, const uint8_t* next, const int8_t* x) {
  const __m512i zero = _mm512_setzero_si512();
  PlaneSums sums = {zero, zero, zero, zero};
  const size_t row_bytes = PackedRowBytes(k);
  size_t at = 0;
  for (; at + kPairBytes <= row_bytes; at += kPairBytes, x += 2 * kRowBlockK) {
    _mm_prefetch(reinterpret_cast<const char*>(next + at), _MM_HINT_T0);
    AddBlocks(LoadCodes(w + at, true), x, true, sums);
  }
  if (at < row_bytes) {
    AddBlocks(LoadCodes(w + at, false), x, false, sums);
  }
  return Total(sums);
}

}  // namespace

void RowGemvX86Avx512Vnni(const RowGemvArgs& args) {
  const size_t row_bytes = PackedRowBytes(args.k);
  for (size_t i = 0; i < args.num_rows; ++i) {
    const size_t row = args.rows[i];
    const size_t next = args.rows[i + kRowsAhead < args.num_rows ? i + kRowsAhead : i];
    const int32_t sum = CodesTimes(args.k, args.w + row * row_bytes, args.w + next * row_bytes, args.x);
    args.y[row] = static_cast<float>(sum - args.x_sum) * args.factor;
  }
}

}  // namespace bitnet

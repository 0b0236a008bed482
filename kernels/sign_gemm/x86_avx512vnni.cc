#include <immintrin.h>

#include "kernels/sign_gemm/sign_gemm.h"

// The bit planes have no variant here but in x86_avx512popcnt.cc. 16 weights of a row are a mask, that blends
// +1 and -1 into a register; a fused multiply-add with it is exactly the addition of +x or -x, and one
// instruction per column.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kBlockBytes = 64;
// 8 rows x 3 columns: 24 sums, the columns' x, a row's signs and the two they are made of fit the 32
// registers.
constexpr size_t kMaxColumns = 3;
constexpr size_t kPrefetchBytes = 1024;

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

__mmask16 Load16(const uint8_t* w) {
  uint16_t bits;
  __builtin_memcpy(&bits, w, sizeof(bits));
  return bits;
}

template <int kColumns>
void Tile(const SignFloatGemmArgs& args, size_t tile, size_t b) {
  const __m512 plus = _mm512_set1_ps(1.0f);
  const __m512 minus = _mm512_set1_ps(-1.0f);
  const uint8_t* w = args.w + tile * (args.k / kSignBlockK * kBlockBytes);
  const float* x = args.x + b * args.x_stride;
  __m512 sums[kSignTileRows][kColumns];
#pragma GCC unroll 8
  for (auto& columns : sums) {
#pragma GCC unroll 8
    for (__m512& sum : columns) sum = _mm512_setzero_ps();
  }
  for (size_t i = 0; i < args.k; i += kSignBlockK, w += kBlockBytes) {
    // A prefetch past the weights is harmless: it cannot fault.
    _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes, _MM_HINT_T0);
#pragma GCC unroll 1
    for (size_t j = 0; j < kSignBlockK; j += kLanes) {
      __m512 column[kColumns];
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) column[c] = _mm512_loadu_ps(x + c * args.x_stride + i + j);
#pragma GCC unroll 8
      for (size_t r = 0; r < kSignTileRows; ++r) {
        const __m512 sign = _mm512_mask_blend_ps(Load16(w + 8 * r + j / 8), minus, plus);
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) sums[r][c] = _mm512_fmadd_ps(sign, column[c], sums[r][c]);
      }
    }
  }
  const float* scale = args.row_scale + tile * kSignTileRows;
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    float* y = args.y + (b + c) * args.y_stride + tile * kSignTileRows;
#pragma GCC unroll 8
    for (size_t r = 0; r < kSignTileRows; ++r) y[r] = scale[r] * Fold(sums[r][c]);
  }
}

using RunColumns = void(const SignFloatGemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Tile<1>, Tile<2>, Tile<3>};

}  // namespace

void SignFloatGemmX86Avx512Vnni(const SignFloatGemmArgs& args) {
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

#include <immintrin.h>

#include "kernels/float_gemm/float_gemm.h"

// The 16 lanes of a dot product are one register.
// Unrolling and inlining keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kPrefetchBytes = 1024;

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// One weight of each type as it lies in memory. `Widen` turns the next of them into floats, exactly.
struct Half {
  uint8_t bits[2];
};
struct Bfloat16 {
  uint8_t bits[2];
};
struct Float {
  uint8_t bits[4];
};

__m256i LoadSixteen16(const void* w) { return _mm256_loadu_si256(static_cast<const __m256i*>(w)); }

__m512 Widen(const Half* w) { return _mm512_cvtph_ps(LoadSixteen16(w)); }
__m512 Widen(const Bfloat16* w) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(LoadSixteen16(w)), 16));
}
__m512 Widen(const Float* w) { return _mm512_loadu_ps(w); }

// Adds the next 16 products of each row and column to their lanes.
template <typename Weight, int kRows, int kColumns>
[[gnu::always_inline]] inline void AddProducts(const Weight* w, size_t w_stride, const float* x,
                                               size_t x_stride, __m512 (&lanes)[kRows][kColumns]) {
  __m512 wide[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    wide[r] = Widen(w + r * w_stride);
  }
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const __m512 column = _mm512_loadu_ps(x + c * x_stride);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) lanes[r][c] = _mm512_fmadd_ps(wide[r], column, lanes[r][c]);
  }
}

template <typename Weight, int kRows, int kColumns>
void Block(const FloatGemmArgs& args, size_t row, size_t b) {
  const Weight* w = static_cast<const Weight*>(args.w) + row * args.k;
  const float* x = args.x + b * args.x_stride;
  __m512 lanes[kRows][kColumns];
#pragma GCC unroll 8
  for (auto& columns : lanes) {
#pragma GCC unroll 8
    for (__m512& lane : columns) lane = _mm512_setzero_ps();
  }
  size_t i = 0;
  for (; i + kLanes <= args.k; i += kLanes) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(w + r * args.k + i) + kPrefetchBytes, _MM_HINT_T0);
    }
    AddProducts(w + i, args.k, x + i, args.x_stride, lanes);
  }
  if (i < args.k) {
    // Absent elements take part as +0.
    Weight w_tail[kRows * kLanes] = {};
    float x_tail[kColumns * kLanes] = {};
    for (size_t j = 0; i + j < args.k; ++j) {
      for (int r = 0; r < kRows; ++r) w_tail[r * kLanes + j] = w[r * args.k + i + j];
      for (int c = 0; c < kColumns; ++c) x_tail[c * kLanes + j] = x[c * args.x_stride + i + j];
    }
    AddProducts(w_tail, kLanes, x_tail, kLanes, lanes);
  }
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) args.y[(b + c) * args.y_stride + row + r] = Fold(lanes[r][c]);
  }
}

// 4 rows x 4 columns: 16 sums, 4 rows of weights and an x fit the 32 registers.
template <typename Weight, int kRows>
void Rows(const FloatGemmArgs& args, size_t row) {
  size_t b = 0;
  for (; b + 4 <= args.batch; b += 4) Block<Weight, kRows, 4>(args, row, b);
  switch (args.batch - b) {
    case 3:
      return Block<Weight, kRows, 3>(args, row, b);
    case 2:
      return Block<Weight, kRows, 2>(args, row, b);
    case 1:
      return Block<Weight, kRows, 1>(args, row, b);
    default:
      return;
  }
}

template <typename Weight>
void Run(const FloatGemmArgs& args) {
  size_t row = 0;
  for (; row + 4 <= args.rows; row += 4) Rows<Weight, 4>(args, row);
  for (; row < args.rows; ++row) Rows<Weight, 1>(args, row);
}

}  // namespace

void FloatGemmX86Avx512Vnni(const FloatGemmArgs& args) {
  switch (args.type) {
    case FloatType::kF16:
      return Run<Half>(args);
    case FloatType::kBf16:
      return Run<Bfloat16>(args);
    case FloatType::kF32:
      return Run<Float>(args);
  }
}

}  // namespace bitnet

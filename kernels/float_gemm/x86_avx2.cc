#include <immintrin.h>

#include "kernels/float_gemm/float_gemm.h"

// The 16 lanes of a dot product are two registers: lanes 0-7 and 8-15.
// Unrolling and inlining keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kPrefetchBytes = 1024;

struct Lanes {
  __m256 half[2];
};

// In a register now: see panel_gemm/x86_avx2.cc.
void Keep(__m256& a) { asm volatile("" : "+x"(a)); }

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.half[0], lanes.half[1]);
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

__m128i LoadEight16(const void* w) { return _mm_loadu_si128(static_cast<const __m128i*>(w)); }

__m256 Widen(const Half* w) { return _mm256_cvtph_ps(LoadEight16(w)); }
__m256 Widen(const Bfloat16* w) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(LoadEight16(w)), 16));
}
__m256 Widen(const Float* w) {
  return _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
}

// Adds the next 16 products of each row and column to their lanes.
template <typename Weight, int kRows, int kColumns>
[[gnu::always_inline]] inline void AddProducts(const Weight* w, size_t w_stride, const float* x,
                                               size_t x_stride, Lanes (&lanes)[kRows][kColumns]) {
#pragma GCC unroll 8
  for (size_t h = 0; h < 2; ++h) {
    __m256 wide[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      wide[r] = Widen(w + r * w_stride + 8 * h);
    }
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const __m256 column = _mm256_loadu_ps(x + c * x_stride + 8 * h);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        lanes[r][c].half[h] = _mm256_fmadd_ps(wide[r], column, lanes[r][c].half[h]);
        Keep(lanes[r][c].half[h]);
      }
    }
  }
}

template <typename Weight, int kRows, int kColumns>
void Block(const FloatGemmArgs& args, size_t row, size_t b) {
  const Weight* w = static_cast<const Weight*>(args.w) + row * args.k;
  const float* x = args.x + b * args.x_stride;
  Lanes lanes[kRows][kColumns];
#pragma GCC unroll 8
  for (auto& columns : lanes) {
#pragma GCC unroll 8
    for (Lanes& lane : columns) lane.half[0] = lane.half[1] = _mm256_setzero_ps();
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

// Several columns: 2 rows x 3 columns x 2 halves are 12 sums, which with 2 weights and an x fit 16 registers.
template <typename Weight, int kRows>
void Rows(const FloatGemmArgs& args, size_t row) {
  size_t b = 0;
  for (; b + 3 <= args.batch; b += 3) Block<Weight, kRows, 3>(args, row, b);
  switch (args.batch - b) {
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
  if (args.batch == 1) {
    for (; row + 4 <= args.rows; row += 4) Block<Weight, 4, 1>(args, row, 0);
  }
  for (; row + 2 <= args.rows; row += 2) Rows<Weight, 2>(args, row);
  for (; row < args.rows; ++row) Rows<Weight, 1>(args, row);
}

}  // namespace

void FloatGemmX86Avx2(const FloatGemmArgs& args) {
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

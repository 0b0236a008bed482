#include <immintrin.h>

#include "kernels/half_gemm/half_gemm.h"

// registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kPrefetchBytes = 1024;

struct Lanes {
  __m256 half[2];
};

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.half[0], lanes.half[1]);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Adds the next 16 products of each row and column to their lanes.
template <int kRows, int kColumns>
void AddProducts(const uint16_t* w, size_t w_stride, const float* x, size_t x_stride,
                 Lanes (&lanes)[kRows][kColumns]) {
  for (size_t h = 0; h < 2; ++h) {
    __m256 wide[kRows];
    for (int r = 0; r < kRows; ++r) {
      wide[r] = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w + r * w_stride + 8 * h)));
    }
    for (int c = 0; c < kColumns; ++c) {
      const __m256 column = _mm256_loadu_ps(x + c * x_stride + 8 * h);
      for (int r = 0; r < kRows; ++r) {
        lanes[r][c].half[h] = _mm256_fmadd_ps(wide[r], column, lanes[r][c].half[h]);
      }
    }
  }
}

template <int kRows, int kColumns>
void Block(const HalfGemmArgs& args, size_t row, size_t b) {
  const uint16_t* w = args.w + row * args.k;
  const float* x = args.x + b * args.x_stride;
  Lanes lanes[kRows][kColumns];
  for (auto& columns : lanes) {
    for (Lanes& lane : columns) lane.half[0] = lane.half[1] = _mm256_setzero_ps();
  }
  size_t i = 0;
  for (; i + kLanes <= args.k; i += kLanes) {
    for (int r = 0; r < kRows; ++r) {
      // A prefetch past the weights is harmless: it cannot fault.
      _mm_prefetch(reinterpret_cast<const char*>(w + r * args.k + i) + kPrefetchBytes, _MM_HINT_T0);
    }
    AddProducts(w + i, args.k, x + i, args.x_stride, lanes);
  }
  if (i < args.k) {
    // Absent elements take part as +0.
    uint16_t w_tail[kRows * kLanes] = {};
    float x_tail[kColumns * kLanes] = {};
    for (size_t j = 0; i + j < args.k; ++j) {
      for (int r = 0; r < kRows; ++r) w_tail[r * kLanes + j] = w[r * args.k + i + j];
      for (int c = 0; c < kColumns; ++c) x_tail[c * kLanes + j] = x[c * args.x_stride + i + j];
    }
    AddProducts(w_tail, kLanes, x_tail, kLanes, lanes);
  }
  for (int c = 0; c < kColumns; ++c) {
    for (int r = 0; r < kRows; ++r) args.y[(b + c) * args.y_stride + row + r] = Fold(lanes[r][c]);
  }
}

// Several columns: 2 rows x 3 columns x 2 halves are 12 sums, which with 2 weights and an x fit 16 registers.
template <int kRows>
void Rows(const HalfGemmArgs& args, size_t row) {
  size_t b = 0;
  for (; b + 3 <= args.batch; b += 3) Block<kRows, 3>(args, row, b);
  switch (args.batch - b) {
    case 2:
      return Block<kRows, 2>(args, row, b);
    case 1:
      return Block<kRows, 1>(args, row, b);
    default:
      return;
  }
}

}  // namespace

void HalfGemmX86Avx2(const HalfGemmArgs& args) {
  size_t row = 0;
  if (args.batch == 1) {
    for (; row + 4 <= args.rows; row += 4) Block<4, 1>(args, row, 0);
  }
  for (; row + 2 <= args.rows; row += 2) Rows<2>(args, row);
  for (; row < args.rows; ++row) Rows<1>(args, row);
}

}  // namespace bitnet

#include <arm_neon.h>

#include "kernels/float_gemm/float_gemm.h"

// The 16 lanes of a dot product are four registers: lanes 0-3, 4-7, 8-11 and 12-15.
// Unrolling and inlining keep the sums in registers: see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

struct Lanes {
  float32x4_t quad[4];
};

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const float32x4_t low = vaddq_f32(lanes.quad[0], lanes.quad[2]);
  const float32x4_t high = vaddq_f32(lanes.quad[1], lanes.quad[3]);
  const float32x4_t four = vaddq_f32(low, high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
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

const uint8_t* Bytes(const void* w) { return static_cast<const uint8_t*>(w); }
uint16x4_t LoadFour16(const void* w) { return vreinterpret_u16_u8(vld1_u8(Bytes(w))); }

float32x4_t Widen(const Half* w) { return vcvt_f32_f16(vreinterpret_f16_u16(LoadFour16(w))); }
float32x4_t Widen(const Bfloat16* w) {
  return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(LoadFour16(w)), 16));
}
float32x4_t Widen(const Float* w) { return vreinterpretq_f32_u8(vld1q_u8(Bytes(w))); }

// Adds the next 16 products of each row and column to their lanes.
template <typename Weight, int kRows, int kColumns>
[[gnu::always_inline]] inline void AddProducts(const Weight* w, size_t w_stride, const float* x,
                                               size_t x_stride, Lanes (&lanes)[kRows][kColumns]) {
#pragma GCC unroll 8
  for (size_t q = 0; q < 4; ++q) {
    float32x4_t wide[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) wide[r] = Widen(w + r * w_stride + 4 * q);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const float32x4_t column = vld1q_f32(x + c * x_stride + 4 * q);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        lanes[r][c].quad[q] = vfmaq_f32(lanes[r][c].quad[q], wide[r], column);
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
    for (Lanes& lane : columns) {
#pragma GCC unroll 8
      for (float32x4_t& quad : lane.quad) quad = vdupq_n_f32(0.0f);
    }
  }
  size_t i = 0;
  for (; i + kLanes <= args.k; i += kLanes) AddProducts(w + i, args.k, x + i, args.x_stride, lanes);
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

// Several columns: 2 rows x 3 columns x 4 registers are 24 sums, which with 2 weights and an x fit 32.
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

void FloatGemmArmNeonDot(const FloatGemmArgs& args) {
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

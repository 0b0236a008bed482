#include <arm_neon.h>

#include "kernels/panel_gemm/panel_gemm.h"

// A panel has 64 bytes for each four k, 16 for each four rows: byte 4r + i is the code of row r, k offset i.
// SDOT by a lane of four x adds four k to each of four rows.
namespace bitnet {
namespace {

constexpr size_t kRows = 16;
constexpr size_t kFourBytes = 64;  // Of a panel.
constexpr size_t kBlockBytes = 64;
constexpr size_t kQuadRows = 4;
constexpr size_t kQuadBytes = 16;
// Half a tile by 8 columns: 16 sums, 8 x, 2 registers of codes.
constexpr size_t kMaxColumns = 8;

int8x16_t Signed(uint8x16_t codes) { return vreinterpretq_s8_u8(codes); }

// Codes of kBits each, lowest first.
template <int kBits>
void UnpackBits(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kPlanes = 8 / kBits;
  const uint8x16_t mask = vdupq_n_u8((1 << kBits) - 1);
  for (size_t k0 = 0; k0 < k; k0 += 4 * kPlanes, w += kBlockBytes, panel += kPlanes * kFourBytes) {
    for (size_t q = 0; q < kBlockBytes; q += kQuadBytes) {
      uint8x16_t codes = vld1q_u8(w + q);
#pragma GCC unroll 8
      for (size_t p = 0; p < kPlanes; ++p) {
        vst1q_u8(panel + p * kFourBytes + q, vandq_u8(codes, mask));
        codes = vshrq_n_u8(codes, kBits);
      }
    }
  }
}

// The digits + 1, first one first: see base3_gemm.h, and base3_gemm/arm_neondot.cc for the thresholds.
void UnpackBase3(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kDigits = 5;
  for (size_t k0 = 0; k0 < k; k0 += 4 * kDigits, w += kBlockBytes, panel += kDigits * kFourBytes) {
    for (size_t q = 0; q < kBlockBytes; q += kQuadBytes) {
      int8x16_t bytes = vld1q_s8(reinterpret_cast<const int8_t*>(w) + q);
#pragma GCC unroll 8
      for (size_t d = 0; d < kDigits; ++d) {
        // A comparison that holds is -1.
        const uint8x16_t negative = vcltq_s8(bytes, vdupq_n_s8(-42));
        const uint8x16_t positive = vcgtq_s8(bytes, vdupq_n_s8(42));
        vst1q_u8(panel + d * kFourBytes + q, vsubq_u8(vaddq_u8(vdupq_n_u8(1), negative), positive));
        bytes = vmulq_s8(bytes, vdupq_n_s8(3));
      }
    }
  }
}

// SDOT by lane kLane of each column's x. GCC 12 would call it for lane 0, which is used twice, and pass the
// sums in memory.
template <int kLane, int kColumns>
[[gnu::always_inline]] inline void AddFour(const uint8_t* w, const int8x16_t (&x)[kColumns],
                                           int32x4_t (&sums)[2][kColumns]) {
  const int8x16_t codes[2] = {Signed(vld1q_u8(w)), Signed(vld1q_u8(w + kQuadBytes))};
#pragma GCC unroll 8
  for (int q = 0; q < 2; ++q) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) sums[q][c] = vdotq_laneq_s32(sums[q][c], codes[q], x[c], kLane);
  }
}

template <int kColumns>
void HalfTile(const PanelGemmArgs& args, size_t half, size_t b) {
  const uint8_t* w = args.panel + half * 2 * kQuadBytes;
  const int8_t* x = args.x + b * args.x_stride;
  int32_t* totals = args.sums + b * kRows + half * 2 * kQuadRows;
  int32x4_t sums[2][kColumns];
#pragma GCC unroll 8
  for (int q = 0; q < 2; ++q) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) sums[q][c] = vld1q_s32(totals + c * kRows + q * kQuadRows);
  }
  size_t k0 = 0;
  for (; k0 + 16 <= args.k; k0 += 16, w += 4 * kFourBytes) {
    int8x16_t x16[kColumns];
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) x16[c] = vld1q_s8(x + c * args.x_stride + k0);
    AddFour<0, kColumns>(w, x16, sums);
    AddFour<1, kColumns>(w + kFourBytes, x16, sums);
    AddFour<2, kColumns>(w + 2 * kFourBytes, x16, sums);
    AddFour<3, kColumns>(w + 3 * kFourBytes, x16, sums);
  }
  for (; k0 < args.k; k0 += 4, w += kFourBytes) {
    int8x16_t x4[kColumns];
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      int32_t four;
      __builtin_memcpy(&four, x + c * args.x_stride + k0, sizeof(four));
      x4[c] = vreinterpretq_s8_s32(vdupq_n_s32(four));
    }
    AddFour<0, kColumns>(w, x4, sums);
  }
#pragma GCC unroll 8
  for (int q = 0; q < 2; ++q) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) vst1q_s32(totals + c * kRows + q * kQuadRows, sums[q][c]);
  }
}

template <int kColumns>
void Columns(const PanelGemmArgs& args, size_t b) {
  HalfTile<kColumns>(args, 0, b);
  HalfTile<kColumns>(args, 1, b);
}

using RunColumns = void(const PanelGemmArgs& args, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,    Columns<1>, Columns<2>, Columns<3>, Columns<4>,
                                                   Columns<5>, Columns<6>, Columns<7>, Columns<8>};

}  // namespace

void UnpackPanelArmNeonDot(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel) {
  switch (source) {
    case PanelSource::kTernary2Bit:
      return UnpackBits<2>(k, w, panel);
    case PanelSource::kBase3:
      return UnpackBase3(k, w, panel);
    case PanelSource::k1Bit:
      return UnpackBits<1>(k, w, panel);
  }
}

void MultiplyPanelArmNeonDot(const PanelGemmArgs& args) {
  // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would read the panel for one alone.
  size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
  for (size_t b = 0; b < args.batch; --groups) {
    const size_t columns = (args.batch - b + groups - 1) / groups;
    kColumns[columns](args, b);
    b += columns;
  }
}

void AddPanelGroupArmNeonDot(const PanelGroupArgs& args) {
  const int32x4_t shift = vdupq_n_s32(args.shift);
  for (size_t row = 0; row < kRows; row += kQuadRows) {
    const float32x4_t w_scale = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(args.w_scale + row)));
    for (size_t b = 0; b < args.batch; ++b) {
      const int32x4_t sums = vshlq_s32(vld1q_s32(args.sums + b * kRows + row), shift);
      const float32x4_t exact =
          vcvtq_f32_s32(vsubq_s32(sums, vdupq_n_s32(args.x_sum[b * args.group_stride])));
      float* acc = args.acc + b * args.acc_stride + row;
      vst1q_f32(acc,
                vfmaq_f32(vld1q_f32(acc), exact, vmulq_n_f32(w_scale, args.x_inv[b * args.group_stride])));
    }
  }
}

}  // namespace bitnet

#include <arm_neon.h>

#include "kernels/row_gemv/row_gemv.h"

// A block of a row is two registers: plane p (bits 2p+1:2p of each byte) holds the codes of 16 neighbouring k
// in each. SDOT with those x leaves the codes of planes 1 and 2 where they are, worth 4 and 16 times as much,
// in sums of their own, and shifts only plane 3, whose upper bit would be a sign. An int32 sum of 8 * 16 * 2
// * 128 = 2^15 for each 128 k holds below k = 2^22.
namespace bitnet {
namespace {

constexpr size_t kHalfBytes = 16;
// Rows to come are asked for meanwhile, as the list says and no hardware can know.
constexpr size_t kRowsAhead = 4;

int8x16_t Signed(uint8x16_t codes) { return vreinterpretq_s8_u8(codes); }

// `next` is a row to fetch meanwhile.
int32_t CodesTimes(size_t k, const uint8_t* w, const uint8_t* next, const int8_t* x) {
  const uint8x16_t mask0 = vdupq_n_u8(0x03);
  const uint8x16_t mask1 = vdupq_n_u8(0x0c);
  const uint8x16_t mask2 = vdupq_n_u8(0x30);
  int32x4_t by1[2], by4[2], by16[2];  // By halves of a block.
#pragma GCC unroll 8
  for (int half = 0; half < 2; ++half) by1[half] = by4[half] = by16[half] = vdupq_n_s32(0);
  for (size_t k0 = 0; k0 < k; k0 += kRowBlockK, x += kRowBlockK) {
    __builtin_prefetch(next + PackedRowBytes(k0));
#pragma GCC unroll 8
    for (size_t half = 0; half < 2; ++half, w += kHalfBytes) {
      const int8_t* at = x + kHalfBytes * half;
      const uint8x16_t codes = vld1q_u8(w);
      by1[half] = vdotq_s32(by1[half], Signed(vandq_u8(codes, mask0)), vld1q_s8(at));
      by4[half] = vdotq_s32(by4[half], Signed(vandq_u8(codes, mask1)), vld1q_s8(at + 32));
      by16[half] = vdotq_s32(by16[half], Signed(vandq_u8(codes, mask2)), vld1q_s8(at + 64));
      by1[half] = vdotq_s32(by1[half], Signed(vshrq_n_u8(codes, 6)), vld1q_s8(at + 96));
    }
  }
  // Exact: each sum is a multiple of what it is divided by.
  const int32x4_t by4s = vshrq_n_s32(vaddq_s32(by4[0], by4[1]), 2);
  const int32x4_t by16s = vshrq_n_s32(vaddq_s32(by16[0], by16[1]), 4);
  return vaddvq_s32(vaddq_s32(vaddq_s32(by1[0], by1[1]), vaddq_s32(by4s, by16s)));
}

}  // namespace

void RowGemvArmNeonDot(const RowGemvArgs& args) {
  const size_t row_bytes = PackedRowBytes(args.k);
  for (size_t i = 0; i < args.num_rows; ++i) {
    const size_t row = args.rows[i];
    const size_t next = args.rows[i + kRowsAhead < args.num_rows ? i + kRowsAhead : i];
    const int32_t sum = CodesTimes(args.k, args.w + row * row_bytes, args.w + next * row_bytes, args.x);
    args.y[row] = static_cast<float>(sum - args.x_sum) * args.factor;
  }
}

}  // namespace bitnet

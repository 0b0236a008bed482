#include <arm_neon.h>

#include "kernels/base3_gemm/base3_gemm.h"

// A tile x block is four registers of 4 rows each: 32-bit lane r belongs to row r, and digit d of its bytes
// holds the weights of k offsets 4d .. 4d+3. SDOT by four of the block's 20 x adds a digit. Bytes and digits
// are signed like SDOT's operands, so no sum of x has to come off.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 20;
constexpr size_t kBlockBytes = 64;
constexpr size_t kQuadRows = 4;
constexpr size_t kQuadBytes = 16;
constexpr size_t kQuadsPerTile = 4;
constexpr size_t kDigits = 5;
constexpr size_t kMaxColumns = 8;

struct Twenty {
  int8x16_t first;
  int8x8_t last;  // Its lower half.
};

Twenty LoadTwenty(const int8_t* x) {
  int32_t last;
  __builtin_memcpy(&last, x + 16, sizeof(last));
  return {vld1q_s8(x), vreinterpret_s8_s32(vdup_n_s32(last))};
}

// SDOT by the four x of digit d, which is a constant once the loop around is unrolled.
int32x4_t AddDigit(int32x4_t sum, int8x16_t bytes, const Twenty& x, size_t d) {
  switch (d) {
    case 0:
      return vdotq_laneq_s32(sum, bytes, x.first, 0);
    case 1:
      return vdotq_laneq_s32(sum, bytes, x.first, 1);
    case 2:
      return vdotq_laneq_s32(sum, bytes, x.first, 2);
    case 3:
      return vdotq_laneq_s32(sum, bytes, x.first, 3);
    default:
      return vdotq_lane_s32(sum, bytes, x.last, 0);
  }
}

// The low bytes of 3b: the next digits.
int8x16_t Triple(int8x16_t b) { return vmulq_s8(b, vdupq_n_s8(3)); }

// The first digits: 3b rounds to 256 times -1 up to b = -43, and to 256 times +1 from 43 on. A comparison
// that holds is -1.
int8x16_t FirstDigit(int8x16_t b) {
  const uint8x16_t negative = vcltq_s8(b, vdupq_n_s8(-42));
  return vreinterpretq_s8_u8(vsubq_u8(negative, vcgtq_s8(b, vdupq_n_s8(42))));
}

void StoreQuad(const Base3GemmArgs& args, size_t row, size_t b, int32x4_t sums) {
  vst1q_f32(args.y + b * args.y_stride + row, vmulq_n_f32(vcvtq_f32_s32(sums), args.factor[b]));
}

// One tile and one column: decode. Never looks at a digit: 256 * sum of w*x = 3 * (sum of b*x) - (sum of
// b'*x). These sums may wrap; their difference may not, and 256 * 128 * k holds below k = 2^16, after 3276
// blocks.
constexpr size_t kBlocksPerFold = 3200;

void OneColumn(const Base3GemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = (args.k + kBlockK - 1) / kBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const int8_t* x = args.x + b * args.x_stride;
  int32x4_t totals[kQuadsPerTile];
  for (int32x4_t& total : totals) total = vdupq_n_s32(0);
  for (size_t done = 0; done < blocks;) {
    const size_t left = blocks - done;
    const size_t end = done + (left < kBlocksPerFold ? left : kBlocksPerFold);
    int32x4_t sums[kQuadsPerTile], next_sums[kQuadsPerTile];
    for (size_t q = 0; q < kQuadsPerTile; ++q) sums[q] = next_sums[q] = vdupq_n_s32(0);
    for (; done < end; ++done, w += kBlockBytes, x += kBlockK) {
      const Twenty x20 = LoadTwenty(x);
      int8x16_t bytes[kQuadsPerTile];
#pragma GCC unroll 8
      for (size_t q = 0; q < kQuadsPerTile; ++q) bytes[q] = vreinterpretq_s8_u8(vld1q_u8(w + kQuadBytes * q));
#pragma GCC unroll 8
      for (size_t d = 0; d < kDigits; ++d) {
#pragma GCC unroll 8
        for (size_t q = 0; q < kQuadsPerTile; ++q) {
          sums[q] = AddDigit(sums[q], bytes[q], x20, d);
          bytes[q] = Triple(bytes[q]);
          next_sums[q] = AddDigit(next_sums[q], bytes[q], x20, d);
        }
      }
    }
    for (size_t q = 0; q < kQuadsPerTile; ++q) {
      // Exact: a multiple of 256.
      const int32x4_t sum = vshrq_n_s32(vsubq_s32(vmulq_n_s32(sums[q], 3), next_sums[q]), 8);
      totals[q] = vaddq_s32(totals[q], sum);
    }
  }
  for (size_t q = 0; q < kQuadsPerTile; ++q) StoreQuad(args, tile * kTileRows + kQuadRows * q, b, totals[q]);
}

// Half a tile, so that 8 columns share the digits: 16 sums, 2 digits, 2 weight registers and 3 constants
// leave 8 registers for x, which is loaded digit by digit.
template <int kColumns>
void HalfTile(const Base3GemmArgs& args, size_t tile, size_t half, size_t b) {
  const size_t blocks = (args.k + kBlockK - 1) / kBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes + 2 * kQuadBytes * half;
  const int8_t* x = args.x + b * args.x_stride;
  int32x4_t sums[2][kColumns];
  for (auto& columns : sums) {
    for (int32x4_t& sum : columns) sum = vdupq_n_s32(0);
  }
  for (size_t block = 0; block < blocks; ++block, w += kBlockBytes, x += kBlockK) {
    int8x16_t bytes[2];
    for (size_t q = 0; q < 2; ++q) bytes[q] = vreinterpretq_s8_u8(vld1q_u8(w + kQuadBytes * q));
#pragma GCC unroll 8
    for (size_t d = 0; d < kDigits; ++d) {
      const int8x16_t digit[2] = {FirstDigit(bytes[0]), FirstDigit(bytes[1])};
      bytes[0] = Triple(bytes[0]);
      bytes[1] = Triple(bytes[1]);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        int32_t four;
        __builtin_memcpy(&four, x + c * args.x_stride + 4 * d, sizeof(four));
        const int8x16_t x4 = vreinterpretq_s8_s32(vdupq_n_s32(four));
        sums[0][c] = vdotq_s32(sums[0][c], digit[0], x4);
        sums[1][c] = vdotq_s32(sums[1][c], digit[1], x4);
      }
    }
  }
  for (size_t q = 0; q < 2; ++q) {
    for (int c = 0; c < kColumns; ++c) {
      StoreQuad(args, tile * kTileRows + kQuadRows * (2 * half + q), b + c, sums[q][c]);
    }
  }
}

template <int kColumns>
void Columns(const Base3GemmArgs& args, size_t tile, size_t b) {
  HalfTile<kColumns>(args, tile, 0, b);
  HalfTile<kColumns>(args, tile, 1, b);
}

using RunColumns = void(const Base3GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,    OneColumn,  Columns<2>, Columns<3>, Columns<4>,
                                                   Columns<5>, Columns<6>, Columns<7>, Columns<8>};

}  // namespace

void Base3GemmArmNeonDot(const Base3GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

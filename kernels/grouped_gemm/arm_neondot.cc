#include <arm_neon.h>

#include "kernels/grouped_gemm/grouped_gemm.h"

// A tile x block is four registers of 4 rows each: 32-bit lane r belongs to row r, and plane p (the p-th bit
// or pair of bits of each byte) holds the codes of k offsets 4p .. 4p+3. SDOT by four of the block's x adds a
// plane.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockBytes = 64;
constexpr size_t kQuadRows = 4;
constexpr size_t kQuadBytes = 16;
constexpr size_t kMaxColumns = 8;

// What SDOT multiplies x by, and how the sum of those products becomes the sum of (weight + 1) * x.
template <int kBits>
struct Codes;

// One comparison gives a plane of -1 and 0 without moving a bit; w + 1 is -2 times that.
template <>
struct Codes<1> {
  static constexpr size_t kPlanes = 8;
  static int8x16_t Plane(uint8x16_t codes, int p) {
    return vreinterpretq_s8_u8(vtstq_u8(codes, vdupq_n_u8(static_cast<uint8_t>(1 << p))));
  }
  static int32x4_t Scaled(int32x4_t sum) { return vnegq_s32(vshlq_n_s32(sum, 1)); }
};

template <>
struct Codes<2> {
  static constexpr size_t kPlanes = 4;
  static int8x16_t Plane(uint8x16_t codes, int p) {
    // A switch, for shifts are by constants; a plane number is one once the loop is unrolled.
    switch (p) {
      case 0:
        return vreinterpretq_s8_u8(vandq_u8(codes, vdupq_n_u8(3)));
      case 1:
        return vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(codes, 2), vdupq_n_u8(3)));
      case 2:
        return vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(codes, 4), vdupq_n_u8(3)));
      default:
        return vreinterpretq_s8_u8(vshrq_n_u8(codes, 6));
    }
  }
  static int32x4_t Scaled(int32x4_t sum) { return sum; }
};

// SDOT by lane p % 4 of x.
int32x4_t AddPlane(int32x4_t sum, int8x16_t plane, int8x16_t x, int p) {
  switch (p % 4) {
    case 0:
      return vdotq_laneq_s32(sum, plane, x, 0);
    case 1:
      return vdotq_laneq_s32(sum, plane, x, 1);
    case 2:
      return vdotq_laneq_s32(sum, plane, x, 2);
    default:
      return vdotq_laneq_s32(sum, plane, x, 3);
  }
}

// Adds a group's sums of 4 rows (`row` of all tiles) and column b to y, as the header defines it.
void AddGroup(const GroupedGemmArgs& args, size_t groups, size_t g, size_t row, size_t b, int32x4_t sums) {
  const size_t at = b * groups + g;
  const float32x4_t exact = vcvtq_f32_s32(vsubq_s32(sums, vdupq_n_s32(args.x_sum[at])));
  const uint16_t* w_scale = args.w_scale + (row / kTileRows * groups + g) * kTileRows + row % kTileRows;
  const float32x4_t wide = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(w_scale)));
  float* y = args.y + b * args.y_stride + row;
  const float32x4_t acc = g == 0 ? vdupq_n_f32(0.0f) : vld1q_f32(y);
  vst1q_f32(y, vfmaq_f32(acc, exact, vmulq_n_f32(wide, args.x_inv[at])));
}

// `kQuads` fours of a tile's rows, so that the columns share the unpacking: half a tile by 8 columns is 16
// sums, which with 4 planes, 8 x and a mask fit the 32 registers. One column alone adds every other plane to
// a second sum, since a sum takes an addition only every few cycles.
template <int kBits, int kQuads, int kColumns>
void Quads(const GroupedGemmArgs& args, size_t tile, size_t first_quad, size_t b) {
  using C = Codes<kBits>;
  constexpr int kSums = kColumns == 1 ? 2 : 1;
  const size_t groups = args.k / args.group;
  const uint8_t* w = args.w + tile * (args.k / (4 * C::kPlanes) * kBlockBytes) + first_quad * kQuadBytes;
  const int8_t* x = args.x + b * args.x_stride;
  for (size_t g = 0; g < groups; ++g) {
    int32x4_t sums[kQuads][kColumns * kSums];
    for (auto& columns : sums) {
      for (int32x4_t& sum : columns) sum = vdupq_n_s32(0);
    }
    for (const int8_t* end = x + args.group; x < end; x += 4 * C::kPlanes, w += kBlockBytes) {
#pragma GCC unroll 2
      for (size_t sixteen = 0; sixteen < C::kPlanes / 4; ++sixteen) {
        int8x16_t x16[kColumns];
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; ++c) x16[c] = vld1q_s8(x + c * args.x_stride + 16 * sixteen);
#pragma GCC unroll 8
        for (int q = 0; q < kQuads; ++q) {
          const uint8x16_t codes = vld1q_u8(w + kQuadBytes * q);
          // Plane by plane, so that a sum's next addition is `kColumns` instructions away.
#pragma GCC unroll 8
          for (size_t p = 4 * sixteen; p < 4 * sixteen + 4; ++p) {
            const int8x16_t plane = C::Plane(codes, static_cast<int>(p));
#pragma GCC unroll 8
            for (int c = 0; c < kColumns; ++c) {
              int32x4_t& sum = sums[q][c * kSums + static_cast<int>(p) % kSums];
              sum = AddPlane(sum, plane, x16[c], static_cast<int>(p));
            }
          }
        }
      }
    }
    for (int q = 0; q < kQuads; ++q) {
      for (int c = 0; c < kColumns; ++c) {
        int32x4_t sum = sums[q][c * kSums];
        if constexpr (kSums == 2) sum = vaddq_s32(sum, sums[q][c * kSums + 1]);
        AddGroup(args, groups, g, tile * kTileRows + (first_quad + q) * kQuadRows, b + c, C::Scaled(sum));
      }
    }
  }
}

template <int kBits, int kColumns>
void Columns(const GroupedGemmArgs& args, size_t tile, size_t b) {
  if constexpr (kColumns == 1) {
    Quads<kBits, 4, 1>(args, tile, 0, b);
  } else {
    Quads<kBits, 2, kColumns>(args, tile, 0, b);
    Quads<kBits, 2, kColumns>(args, tile, 2, b);
  }
}

using RunColumns = void(const GroupedGemmArgs& args, size_t tile, size_t b);

template <int kBits>
constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,           Columns<kBits, 1>, Columns<kBits, 2>,
                                                   Columns<kBits, 3>, Columns<kBits, 4>, Columns<kBits, 5>,
                                                   Columns<kBits, 6>, Columns<kBits, 7>, Columns<kBits, 8>};

template <int kBits>
void Run(const GroupedGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns<kBits>[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace

void GroupedGemmArmNeonDot(const GroupedGemmArgs& args) {
  switch (args.layout) {
    case GroupedLayout::k1Bit:
      return Run<1>(args);
    case GroupedLayout::k2Bit:
      return Run<2>(args);
  }
}

}  // namespace bitnet

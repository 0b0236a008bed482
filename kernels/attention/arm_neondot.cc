#include <arm_neon.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 positions of a tile, or 16 elements of a value, are four registers.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWidth = 4;
// 6 rows: 24 sums, a tile's 16 elements and a row's factor fit the 32 registers. The unroll pragmas keep
// the sums in them: see ternary_gemm/x86_avx512vnni.cc.
constexpr size_t kMaxRows = 6;
constexpr size_t kWeight = 2;  // Where a partial keeps its weight while chunks are joined.

struct Lanes {
  float32x4_t quad[4];
};

// The next 16 elements as floats.
Lanes Load(const float* p) {
  return {{vld1q_f32(p), vld1q_f32(p + kWidth), vld1q_f32(p + 2 * kWidth), vld1q_f32(p + 3 * kWidth)}};
}
Lanes Load(const uint16_t* p) {
  const float16x8_t low = vreinterpretq_f16_u16(vld1q_u16(p));
  const float16x8_t high = vreinterpretq_f16_u16(vld1q_u16(p + 2 * kWidth));
  return {{vcvt_f32_f16(vget_low_f16(low)), vcvt_f32_f16(vget_high_f16(low)),
           vcvt_f32_f16(vget_low_f16(high)), vcvt_f32_f16(vget_high_f16(high))}};
}
Lanes Load(const int8_t* p) {
  const int8x16_t codes = vld1q_s8(p);
  const int16x8_t low = vmovl_s8(vget_low_s8(codes));
  const int16x8_t high = vmovl_s8(vget_high_s8(codes));
  return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))),
           vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)))}};
}

void Clear(Lanes& lanes) {
  for (float32x4_t& quad : lanes.quad) quad = vdupq_n_f32(0.0f);
}

// lanes += factor * x
void AddProducts(float factor, const Lanes& x, Lanes& lanes) {
#pragma GCC unroll 8
  for (size_t q = 0; q < 4; ++q) lanes.quad[q] = vfmaq_n_f32(lanes.quad[q], x.quad[q], factor);
}

template <typename T>
struct Tile {
  static constexpr bool kScaled = sizeof(T) == 1;

  Tile(const AttentionArgs& args, size_t i) {
    const std::byte* at = args.blocks[i] + args.tile_offset;
    scales = reinterpret_cast<const float*>(at);
    keys = reinterpret_cast<const T*>(kScaled ? at + 2 * kLanes * sizeof(float) : at);
    values = keys + args.head_dim * kLanes;
  }

  const float* scales;  // Of keys, then of values.
  const T* keys;
  const T* values;
};

size_t RoundUp(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// Keys of this chunk that row `row` attends to.
size_t NumKeys(const AttentionArgs& args, size_t row) {
  const size_t num_keys = args.num_keys + row / args.group;
  return num_keys < kAttentionChunk ? num_keys : kAttentionChunk;
}

// Rows to compute at once when `left` are left: all, or so that no row stays alone.
size_t RowsAtOnce(size_t left) { return left <= kMaxRows ? left : left <= 8 ? 4 : kMaxRows; }

// Scores of a tile's 16 positions for rows `row` and following. The next tile's keys are fetched meanwhile,
// or after the last the first tile's values: a tile is a page, at which the hardware's own fetching stops.
template <typename T, size_t kRows>
void ScoreTile(const AttentionArgs& args, size_t i, size_t row, const T* next) {
  const Tile<T> tile(args, i);
  const float* query[kRows];
  Lanes dots[kRows];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    query[r] =
        args.query + (row + r) / args.group * args.token_stride + (row + r) % args.group * args.head_dim;
    Clear(dots[r]);
  }
  for (size_t d = 0; d < args.head_dim; ++d) {
    const Lanes keys = Load(tile.keys + d * kLanes);
    __builtin_prefetch(next + d * kLanes);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) AddProducts(query[r][d], keys, dots[r]);
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    float* scores = args.scores + (row + r) * kAttentionChunk + i * kLanes;
#pragma GCC unroll 8
    for (size_t q = 0; q < 4; ++q) {
      float32x4_t dot = dots[r].quad[q];
      if (tile.kScaled) dot = vmulq_f32(dot, vld1q_f32(tile.scales + kWidth * q));
      vst1q_f32(scores + kWidth * q, vmulq_n_f32(dot, args.scale));
    }
  }
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const float32x4_t low = vaddq_f32(lanes.quad[0], lanes.quad[2]);
  const float32x4_t high = vaddq_f32(lanes.quad[1], lanes.quad[3]);
  const float32x4_t four = vaddq_f32(low, high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

// kernels/math/exp.h
float32x4_t Exp(float32x4_t x) {
  const float32x4_t n = vrndnq_f32(vmulq_f32(x, vdupq_n_f32(kExpLog2E)));
  float32x4_t r = vfmaq_f32(x, n, vdupq_n_f32(-kExpLn2Hi));
  r = vfmaq_f32(r, n, vdupq_n_f32(-kExpLn2Lo));
  float32x4_t p = vdupq_n_f32(kExpC7);
  p = vfmaq_f32(vdupq_n_f32(kExpC6), p, r);
  p = vfmaq_f32(vdupq_n_f32(kExpC5), p, r);
  p = vfmaq_f32(vdupq_n_f32(kExpC4), p, r);
  p = vfmaq_f32(vdupq_n_f32(kExpC3), p, r);
  p = vfmaq_f32(vdupq_n_f32(kExpC2), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f), p, r);
  const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  const float32x4_t result = vmulq_f32(p, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  const uint32x4_t below = vcltq_f32(x, vdupq_n_f32(kExpMin));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(result), below));
}

// A row's scores become its values' weights. Scores past the last key become -infinity, which Exp() takes to
// +0, up to the next multiple of 16.
template <typename T>
void Softmax(const AttentionArgs& args, size_t row) {
  float* scores = args.scores + row * kAttentionChunk;
  const size_t num_keys = NumKeys(args, row);
  for (size_t t = num_keys; t % kLanes != 0; ++t) scores[t] = -__builtin_inff();
  float32x4_t maxima = vld1q_f32(scores);
  for (size_t t = kWidth; t < num_keys; t += kWidth) maxima = vmaxq_f32(maxima, vld1q_f32(scores + t));
  const float max = vmaxvq_f32(maxima);
  Lanes totals;
  Clear(totals);
  for (size_t t = 0; t < num_keys; t += kLanes) {
    const Tile<T> tile(args, t / kLanes);
#pragma GCC unroll 8
    for (size_t q = 0; q < 4; ++q) {
      float32x4_t p = Exp(vsubq_f32(vld1q_f32(scores + t + kWidth * q), vdupq_n_f32(max)));
      totals.quad[q] = vaddq_f32(totals.quad[q], p);
      if (tile.kScaled) p = vmulq_f32(p, vld1q_f32(tile.scales + kLanes + kWidth * q));
      vst1q_f32(scores + t + kWidth * q, p);
    }
  }
  float* partial = args.partials + row * args.partial_stride;
  partial[0] = max;
  partial[1] = Fold(totals);
}

// Adds a tile's values from `begin` to `end` to the sums of rows `row` and following, and fetches `next`.
template <typename T, size_t kRows>
void WeighTile(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end, const T* next) {
  const Tile<T> tile(args, i);
  const size_t stride = RoundUp(args.head_dim);
  const float* weights = args.scores + row * kAttentionChunk + i * kLanes;
  for (size_t d = 0; d < stride; d += kLanes) {
    float* partial = args.partials + row * args.partial_stride + kPartialHeader + d;
    Lanes sums[kRows];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      if (i == 0 && begin == 0) {
        Clear(sums[r]);
      } else {
        sums[r] = Load(partial + r * args.partial_stride);
      }
    }
    for (size_t t = begin; t < end; ++t) {
      const Lanes values = Load(tile.values + t * stride + d);
      __builtin_prefetch(next + (d + t) * kLanes);
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) AddProducts(weights[r * kAttentionChunk + t], values, sums[r]);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (size_t q = 0; q < 4; ++q) {
        vst1q_f32(partial + r * args.partial_stride + kWidth * q, sums[r].quad[q]);
      }
    }
  }
}

template <typename T>
using RunScoreTile = void(const AttentionArgs& args, size_t i, size_t row, const T* next);
template <typename T>
constexpr RunScoreTile<T>* kScoreTile[kMaxRows + 1] = {nullptr,         ScoreTile<T, 1>, ScoreTile<T, 2>,
                                                       ScoreTile<T, 3>, ScoreTile<T, 4>, ScoreTile<T, 5>,
                                                       ScoreTile<T, 6>};

template <typename T>
using RunWeighTile = void(const AttentionArgs& args, size_t i, size_t row, size_t begin, size_t end,
                          const T* next);
template <typename T>
constexpr RunWeighTile<T>* kWeighTile[kMaxRows + 1] = {nullptr,         WeighTile<T, 1>, WeighTile<T, 2>,
                                                       WeighTile<T, 3>, WeighTile<T, 4>, WeighTile<T, 5>,
                                                       WeighTile<T, 6>};

// Where row `row` stops in tile i.
size_t EndInTile(const AttentionArgs& args, size_t i, size_t row) {
  const size_t num_keys = NumKeys(args, row);
  const size_t before = i * kLanes;
  return num_keys < before ? 0 : num_keys - before < kLanes ? num_keys - before : kLanes;
}

template <typename T>
void Attend(const AttentionArgs& args) {
  const size_t num_rows = args.num_tokens * args.group;
  const size_t num_tiles = RoundUp(NumKeys(args, num_rows - 1)) / kLanes;
  for (size_t i = 0; i < num_tiles; ++i) {
    const T* next = i + 1 < num_tiles ? Tile<T>(args, i + 1).keys : Tile<T>(args, 0).values;
    for (size_t row = 0, n; row < num_rows; row += n) {
      n = RowsAtOnce(num_rows - row);
      kScoreTile<T>[n](args, i, row, next);
    }
  }
  for (size_t row = 0; row < num_rows; ++row) Softmax<T>(args, row);
  for (size_t i = 0; i < num_tiles; ++i) {
    const T* next = Tile<T>(args, i + 1 < num_tiles ? i + 1 : i).values;
    for (size_t row = 0, n; row < num_rows; row += n) {
      n = RowsAtOnce(num_rows - row);
      // Later tokens' rows go on for a few keys more.
      const size_t end = EndInTile(args, i, row);
      if (end > 0) kWeighTile<T>[n](args, i, row, 0, end, next);
      for (size_t r = row + 1; r < row + n; ++r) {
        const size_t more = EndInTile(args, i, r);
        if (more > end) WeighTile<T, 1>(args, i, r, end, more, next);
      }
    }
  }
}

}  // namespace

void AttendChunkArmNeonDot(const AttentionArgs& args) {
  switch (args.type) {
    case KvType::kF16:
      return Attend<uint16_t>(args);
    case KvType::kF32:
      return Attend<float>(args);
    case KvType::kInt8:
      return Attend<int8_t>(args);
  }
}

void JoinChunksArmNeonDot(size_t head_dim, size_t num_chunks, float* partials, size_t stride, float* out) {
  float max = partials[0];
  for (size_t c = 1; c < num_chunks; ++c) max = partials[c * stride] > max ? partials[c * stride] : max;
  float32x2_t total = vdup_n_f32(0.0f);
  for (size_t c = 0; c < num_chunks; ++c) {
    float* partial = partials + c * stride;
    const float32x2_t weight = vget_low_f32(Exp(vdupq_n_f32(partial[0] - max)));
    partial[kWeight] = vget_lane_f32(weight, 0);
    total = vfma_n_f32(total, weight, partial[1]);
  }
  const float inv = 1.0f / vget_lane_f32(total, 0);
  for (size_t d = 0; d < head_dim; d += kLanes) {
    Lanes sums;
    Clear(sums);
    for (size_t c = 0; c < num_chunks; ++c) {
      const float* partial = partials + c * stride;
      AddProducts(partial[kWeight], Load(partial + kPartialHeader + d), sums);
    }
    float scaled[kLanes];
#pragma GCC unroll 8
    for (size_t q = 0; q < 4; ++q) vst1q_f32(scaled + kWidth * q, vmulq_n_f32(sums.quad[q], inv));
    for (size_t j = 0; j < kLanes && d + j < head_dim; ++j) out[d + j] = scaled[j];
  }
}

}  // namespace bitnet

#include <arm_neon.h>

#include "kernels/attention/attention.h"
#include "kernels/math/exp.h"

// The 16 lanes of a dot product or of the softmax's sum are four registers: lanes 0-3, 4-7, 8-11 and 12-15.
// head_dim is a multiple of 4, so no register is partly filled.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWidth = 4;
// 4 keys: 16 sums, a quad of the query and a key.
constexpr size_t kKeys = 4;

struct Lanes {
  float32x4_t quad[4];
};

const float* Row(const AttentionArgs& args, const float* const* blocks, size_t t) {
  return blocks[t / args.block_tokens] + args.head_offset + t % args.block_tokens * args.head_dim;
}

void Clear(Lanes& lanes) {
  for (float32x4_t& quad : lanes.quad) quad = vdupq_n_f32(0.0f);
}

// Lanes fold by halves: j += j+8, j += j+4, and here j += j+2 too; what is left is j += j+1.
float32x2_t FoldTo2(const Lanes& lanes) {
  const float32x4_t low = vaddq_f32(lanes.quad[0], lanes.quad[2]);
  const float32x4_t high = vaddq_f32(lanes.quad[1], lanes.quad[3]);
  const float32x4_t four = vaddq_f32(low, high);
  return vadd_f32(vget_low_f32(four), vget_high_f32(four));
}

float Fold(const Lanes& lanes) {
  const float32x2_t two = FoldTo2(lanes);
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

// Four dot products.
float32x4_t Dots(size_t head_dim, const float* query, const float* const (&keys)[kKeys]) {
  Lanes sums[kKeys];
  for (Lanes& sum : sums) Clear(sum);
  size_t d = 0;
  for (; d + kLanes <= head_dim; d += kLanes) {
    for (size_t q = 0; q < 4; ++q) {
      const float32x4_t four = vld1q_f32(query + d + kWidth * q);
      for (size_t i = 0; i < kKeys; ++i) {
        sums[i].quad[q] = vfmaq_f32(sums[i].quad[q], four, vld1q_f32(keys[i] + d + kWidth * q));
      }
    }
  }
  if (d < head_dim) {
    for (size_t q = 0; q < 4; ++q) {
      const bool present = d + kWidth * q < head_dim;
      for (size_t i = 0; i < kKeys; ++i) {
        // Absent elements take part as +0, which matters to a lane of -0.
        float32x4_t& sum = sums[i].quad[q];
        sum = present ? vfmaq_f32(sum, vld1q_f32(query + d + kWidth * q), vld1q_f32(keys[i] + d + kWidth * q))
                      : vaddq_f32(sum, vdupq_n_f32(0.0f));
      }
    }
  }
  return vpaddq_f32(vcombine_f32(FoldTo2(sums[0]), FoldTo2(sums[1])),
                    vcombine_f32(FoldTo2(sums[2]), FoldTo2(sums[3])));
}

// Scores of all keys, and -infinity, which Exp() takes to +0, up to the next multiple of 16. Returns the
// maximum.
float Scores(const AttentionArgs& args) {
  for (size_t t = 0; t < args.num_keys; t += kKeys) {
    const float* keys[kKeys];
    for (size_t i = 0; i < kKeys; ++i) {
      // Past the end the last key again; its scores are overwritten below.
      keys[i] = Row(args, args.key_blocks, t + i < args.num_keys ? t + i : args.num_keys - 1);
    }
    vst1q_f32(args.scores + t, vmulq_n_f32(Dots(args.head_dim, args.query, keys), args.scale));
  }
  for (size_t t = args.num_keys; t % kLanes != 0; ++t) args.scores[t] = -__builtin_inff();
  float32x4_t max = vld1q_f32(args.scores);
  for (size_t t = kWidth; t < args.num_keys; t += kWidth) {
    max = vmaxq_f32(max, vld1q_f32(args.scores + t));
  }
  return vmaxvq_f32(max);
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

// Scores become p; returns their sum.
float Softmax(const AttentionArgs& args, float max) {
  Lanes sums;
  Clear(sums);
  for (size_t t = 0; t < args.num_keys; t += kLanes) {
    for (size_t q = 0; q < 4; ++q) {
      float* scores = args.scores + t + kWidth * q;
      const float32x4_t p = Exp(vsubq_f32(vld1q_f32(scores), vdupq_n_f32(max)));
      vst1q_f32(scores, p);
      sums.quad[q] = vaddq_f32(sums.quad[q], p);
    }
  }
  return Fold(sums);
}

// out[d] for `kVectors` registers from `begin` on.
template <int kVectors>
void WeighValues(const AttentionArgs& args, size_t begin, float inv) {
  float32x4_t out[kVectors];
  for (float32x4_t& v : out) v = vdupq_n_f32(0.0f);
  for (size_t t0 = 0; t0 < args.num_keys; t0 += args.block_tokens) {
    const float* value = Row(args, args.value_blocks, t0) + begin;
    const size_t end = t0 + args.block_tokens < args.num_keys ? t0 + args.block_tokens : args.num_keys;
    for (size_t t = t0; t < end; ++t, value += args.head_dim) {
      const float32x4_t p = vdupq_n_f32(args.scores[t]);
      for (int i = 0; i < kVectors; ++i) out[i] = vfmaq_f32(out[i], p, vld1q_f32(value + i * kWidth));
    }
  }
  for (int i = 0; i < kVectors; ++i) vst1q_f32(args.out + begin + i * kWidth, vmulq_n_f32(out[i], inv));
}

}  // namespace

void AttentionArmNeonDot(const AttentionArgs& args) {
  const float inv = 1.0f / Softmax(args, Scores(args));
  // 16 registers hide the latency of fused multiply-add on four pipes.
  size_t d = 0;
  for (; d + 16 * kWidth <= args.head_dim; d += 16 * kWidth) WeighValues<16>(args, d, inv);
  for (; d + 4 * kWidth <= args.head_dim; d += 4 * kWidth) WeighValues<4>(args, d, inv);
  for (; d < args.head_dim; d += kWidth) WeighValues<1>(args, d, inv);
}

}  // namespace bitnet

#include <algorithm>
#include <cmath>

#include "kernels/attention/attention.h"
#include "kernels/math/math.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

float Fold(float (&lanes)[kLanes]) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

float Dot(size_t n, const float* a, const float* b) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < n; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      // An absent product is not skipped: adding +0 turns a lane of -0 (a product that underflowed) to +0.
      const bool present = i + j < n;
      lanes[j] = std::fma(present ? a[i + j] : 0.0f, present ? b[i + j] : 0.0f, lanes[j]);
    }
  }
  return Fold(lanes);
}

const float* Row(const float* const* blocks, const AttentionArgs& args, size_t t) {
  return blocks[t / args.block_tokens] + args.head_offset + t % args.block_tokens * args.head_dim;
}

}  // namespace

void AttentionPortable(const AttentionArgs& args) {
  for (size_t t = 0; t < args.num_keys; ++t) {
    args.scores[t] = Dot(args.head_dim, args.query, Row(args.key_blocks, args, t)) * args.scale;
  }
  const float max = *std::max_element(args.scores, args.scores + args.num_keys);
  float sums[kLanes] = {};
  for (size_t t = 0; t < args.num_keys; ++t) {
    args.scores[t] = SoftmaxExp(args.scores[t] - max);
    sums[t % kLanes] += args.scores[t];
  }
  const float inv = 1.0f / Fold(sums);
  std::fill_n(args.out, args.head_dim, 0.0f);
  for (size_t t = 0; t < args.num_keys; ++t) {
    const float* value = Row(args.value_blocks, args, t);
    for (size_t d = 0; d < args.head_dim; ++d) args.out[d] = std::fma(args.scores[t], value[d], args.out[d]);
  }
  for (size_t d = 0; d < args.head_dim; ++d) args.out[d] *= inv;
}

}  // namespace bitnet

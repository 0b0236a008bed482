#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/float_gemm/float_gemm.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// Exact: every half is a float. Infinities and NaNs keep their meaning.
float WidenHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  // Subnormal: mantissa * 2^-24, a product without rounding.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

template <FloatType kType>
float Load(const uint8_t* w) {
  if constexpr (kType == FloatType::kF32) {
    float value;
    std::memcpy(&value, w, sizeof(value));
    return value;
  } else {
    uint16_t bits;
    std::memcpy(&bits, w, sizeof(bits));
    if constexpr (kType == FloatType::kF16) return WidenHalf(bits);
    return std::bit_cast<float>(uint32_t{bits} << 16);
  }
}

template <FloatType kType>
float Dot(size_t k, const uint8_t* w, const float* x) {
  constexpr size_t kBytes = FloatTypeBytes(kType);
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= k; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      lanes[j] = std::fma(Load<kType>(w + (i + j) * kBytes), x[i + j], lanes[j]);
    }
  }
  if (i < k) {
    for (size_t j = 0; j < kLanes; ++j) {
      // An absent product is not skipped: adding +0 turns a lane of -0 (a product that underflowed) to +0.
      const bool present = i + j < k;
      lanes[j] =
          std::fma(present ? Load<kType>(w + (i + j) * kBytes) : 0.0f, present ? x[i + j] : 0.0f, lanes[j]);
    }
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

template <FloatType kType>
void Run(const FloatGemmArgs& args) {
  const size_t row_bytes = args.k * FloatTypeBytes(kType);
  for (size_t r = 0; r < args.rows; ++r) {
    const uint8_t* w = static_cast<const uint8_t*>(args.w) + r * row_bytes;
    for (size_t b = 0; b < args.batch; ++b) {
      args.y[b * args.y_stride + r] = Dot<kType>(args.k, w, args.x + b * args.x_stride);
    }
  }
}

}  // namespace

void FloatGemmPortable(const FloatGemmArgs& args) {
  switch (args.type) {
    case FloatType::kF16:
      return Run<FloatType::kF16>(args);
    case FloatType::kBf16:
      return Run<FloatType::kBf16>(args);
    case FloatType::kF32:
      return Run<FloatType::kF32>(args);
  }
}

}  // namespace bitnet

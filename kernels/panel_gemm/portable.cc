#include <bit>
#include <cmath>

#include "kernels/panel_gemm/panel_gemm.h"

// A panel is [k / 4][16 rows][4 k] codes. Fused only where std::fma says so.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;

// A finite half, exactly.
float Widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  // Subnormal: mantissa * 2^-24, a product without rounding.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

// Code `plane` of a packed byte.
uint8_t Code(PanelSource source, uint8_t byte, size_t plane) {
  switch (source) {
    case PanelSource::kTernary2Bit:
      return byte >> 2 * plane & 3;
    case PanelSource::k1Bit:
      return byte >> plane & 1;
    case PanelSource::kBase3:
      break;
  }
  // A signed fraction in units of 1/256, of which three times as much moves the point by a digit.
  auto rest = static_cast<int8_t>(byte);
  for (size_t d = 0; d < plane; ++d) rest = static_cast<int8_t>(3 * rest);
  const auto low = static_cast<int8_t>(3 * rest);
  return static_cast<uint8_t>((3 * rest - low) / 256 + 1);
}

}  // namespace

void UnpackPanelPortable(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel) {
  const size_t planes = PanelBlockK(source) / 4;
  for (size_t k0 = 0; k0 < k; k0 += 4 * planes, w += kBlockBytes) {
    for (size_t p = 0; p < planes; ++p) {
      for (size_t i = 0; i < kBlockBytes; ++i) *panel++ = Code(source, w[i], p);
    }
  }
}

void MultiplyPanelPortable(const PanelGemmArgs& args) {
  for (size_t b = 0; b < args.batch; ++b) {
    const int8_t* x = args.x + b * args.x_stride;
    for (size_t r = 0; r < kPanelRows; ++r) {
      int32_t sum = 0;
      for (size_t k = 0; k < args.k; ++k) sum += args.panel[k / 4 * 64 + 4 * r + k % 4] * x[k];
      args.sums[b * kPanelRows + r] += sum;
    }
  }
}

void AddPanelGroupPortable(const PanelGroupArgs& args) {
  for (size_t b = 0; b < args.batch; ++b) {
    const int32_t x_sum = args.x_sum[b * args.group_stride];
    const float x_inv = args.x_inv[b * args.group_stride];
    for (size_t r = 0; r < kPanelRows; ++r) {
      const auto exact = static_cast<float>((args.sums[b * kPanelRows + r] << args.shift) - x_sum);
      float& acc = args.acc[b * args.acc_stride + r];
      acc = std::fma(exact, Widen(args.w_scale[r]) * x_inv, acc);
    }
  }
}

}  // namespace bitnet

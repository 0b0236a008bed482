#include <bit>

#include "kernels/sign_gemm/sign_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kRowBytes = kSignBlockK / 8;

// Little-endian on every machine.
uint64_t LoadWord(const uint8_t* w) {
  uint64_t word = 0;
  for (size_t i = 0; i < sizeof(word); ++i) word |= uint64_t{w[i]} << 8 * i;
  return word;
}

// Which products are -1 tells Word(i, w) of block i and a row's weights w; `total` is how many are not 0.
template <typename Word>
void Column(const SignGemmArgs& args, size_t tile, size_t b, int32_t total, Word word) {
  const uint8_t* w = args.w + tile * SignTileBytes(args.k);
  for (size_t r = 0; r < kSignTileRows; ++r) {
    int32_t minus = 0;
    for (size_t i = 0; i < args.k / kSignBlockK; ++i) {
      minus += std::popcount(word(i, LoadWord(w + (i * kSignTileRows + r) * kRowBytes)));
    }
    const size_t row = tile * kSignTileRows + r;
    args.y[b * args.y_stride + row] =
        static_cast<float>(total - 2 * minus) * (args.row_scale[row] * args.x_scale[b]);
  }
}

// One row of the tile that begins at `w` times x.
float Dot(size_t k, const uint8_t* w, const float* x) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < k; i += kSignBlockK, w += kSignTileRows * kRowBytes) {
    const uint64_t minus = ~LoadWord(w);
    for (size_t j = 0; j < kSignBlockK; ++j) {
      // A sign that half of the time is the other one is no branch to predict.
      const uint32_t sign = static_cast<uint32_t>(minus >> j) << 31;
      lanes[j % kLanes] += std::bit_cast<float>(std::bit_cast<uint32_t>(x[i + j]) ^ sign);
    }
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

}  // namespace

void SignBinaryGemmPortable(const SignGemmArgs& args) {
  for (size_t t = 0; t < args.tiles; ++t) {
    for (size_t b = 0; b < args.batch; ++b) {
      const uint64_t* plus = args.plus + b * args.x_stride;
      Column(args, t, b, static_cast<int32_t>(args.k), [=](size_t i, uint64_t w) { return w ^ plus[i]; });
    }
  }
}

void SignTernaryGemmPortable(const SignGemmArgs& args) {
  for (size_t t = 0; t < args.tiles; ++t) {
    for (size_t b = 0; b < args.batch; ++b) {
      const uint64_t* plus = args.plus + b * args.x_stride;
      const uint64_t* minus = args.minus + b * args.x_stride;
      Column(args, t, b, args.nonzero[b],
             [=](size_t i, uint64_t w) { return (w & minus[i]) | (~w & plus[i]); });
    }
  }
}

void SignFloatGemmPortable(const SignFloatGemmArgs& args) {
  for (size_t t = 0; t < args.tiles; ++t) {
    const uint8_t* w = args.w + t * SignTileBytes(args.k);
    for (size_t b = 0; b < args.batch; ++b) {
      float* y = args.y + b * args.y_stride + t * kSignTileRows;
      for (size_t r = 0; r < kSignTileRows; ++r) {
        y[r] = args.row_scale[t * kSignTileRows + r] *
               Dot(args.k, w + r * kRowBytes, args.x + b * args.x_stride);
      }
    }
  }
}

}  // namespace bitnet

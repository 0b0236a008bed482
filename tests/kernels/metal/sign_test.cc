// One-bit weights, and the activations that they are multiplied with.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/metal/arguments.h"
#include "kernels/quantize_sign/quantize_sign.h"
#include "kernels/sign_gemm/sign_gemm.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

constexpr size_t kKs[] = {64, 128, 192, 256, 320, 640, 2048, 5632};

// Rows of floats as the CPU quantises them.
struct Activations {
  std::vector<float> x;
  std::vector<uint64_t> plus, minus;
  std::vector<float> scale;
  std::vector<int32_t> nonzero;
};

Activations Quantize(size_t k, size_t batch, bool ternary, std::vector<float> x) {
  Activations a = {.x = std::move(x), .plus = {}, .minus = {}, .scale = {}, .nonzero = {}};
  a.plus.resize(batch * k / 64);
  a.minus.resize(batch * k / 64);
  for (size_t b = 0; b < batch; ++b) {
    const float* row = a.x.data() + b * k;
    uint64_t* plus = a.plus.data() + b * k / 64;
    if (ternary) {
      const TernaryRow found = QuantizeTernaryPortable(k, row, plus, a.minus.data() + b * k / 64);
      a.scale.push_back(found.scale);
      a.nonzero.push_back(found.nonzero);
    } else {
      a.scale.push_back(QuantizeBinaryPortable(k, row, plus));
    }
  }
  return a;
}

struct Weights {
  size_t tiles, k;
  std::vector<uint8_t> w;
  std::vector<float> row_scale;
};

Weights MakeWeights(size_t tiles, size_t k, std::mt19937& rng) {
  return {.tiles = tiles,
          .k = k,
          .w = RandomInts<uint8_t>(tiles * SignTileBytes(k), 0, 255, rng),
          .row_scale = RandomFloats(tiles * kSignTileRows, -2, 2, rng)};
}

class SignMetalTest : public testing::Test {
 protected:
  std::vector<float> MultiplyOnCpu(const Weights& w, const Activations& a, size_t batch, bool ternary) {
    const size_t rows = w.tiles * kSignTileRows;
    std::vector<float> y(batch * rows);
    const auto multiply = ternary ? SignTernaryGemmPortable : SignBinaryGemmPortable;
    multiply({.tiles = w.tiles,
              .k = w.k,
              .batch = batch,
              .w = w.w.data(),
              .row_scale = w.row_scale.data(),
              .plus = a.plus.data(),
              .minus = a.minus.data(),
              .x_stride = w.k / 64,
              .nonzero = a.nonzero.data(),
              .x_scale = a.scale.data(),
              .y = y.data(),
              .y_stride = rows});
    for (float& product : y) product *= kScale;
    return y;
  }

  // Runs a kernel whose operands are the weights, what is in between, y and the arguments.
  std::vector<float> MultiplyOnMetal(const char* kernel, const Weights& weights, size_t batch,
                                     uint32_t simdgroups, std::vector<emulation::Argument> x) {
    const size_t rows = weights.tiles * kSignTileRows;
    emulation::Buffer w = DeviceCopy(weights.w), row_scale = DeviceCopy(weights.row_scale),
                      y(batch * rows * sizeof(float)),
                      args = DeviceStruct(gpu::SignArguments{.k = static_cast<uint32_t>(weights.k),
                                                             .x_stride = static_cast<uint32_t>(weights.k),
                                                             .y_stride = static_cast<uint32_t>(rows),
                                                             .scale = kScale});
    std::vector<emulation::Argument> operands = {Operand("w", w), Operand("row_scale", row_scale)};
    operands.insert(operands.end(), x.begin(), x.end());
    operands.push_back(Operand("y", y));
    operands.push_back(Operand("arguments", args));
    RunMetal(kernel,
             {.threadgroups = {static_cast<uint32_t>(weights.tiles), static_cast<uint32_t>(batch), 1},
              .simdgroups = simdgroups},
             operands);
    return {y.As<float>().begin(), y.As<float>().end()};
  }

  static constexpr float kScale = 0.37f;  // Of all weights.
  std::mt19937 rng_{1};
};

TEST_F(SignMetalTest, CountsSignsAsTheCpuDoes) {
  EqualityCount count("sign_binary_gemv");
  for (size_t k : kKs) {
    for (size_t tiles : {1, 2, 3}) {
      const size_t batch = tiles;
      const Weights w = MakeWeights(tiles, k, rng_);
      const Activations a = Quantize(k, batch, false, RandomFloats(batch * k, -1, 1, rng_));
      emulation::Buffer plus = DeviceCopy(a.plus), scale = DeviceCopy(a.scale);
      const std::vector<float> y = MultiplyOnMetal("sign_binary_gemv", w, batch, 1,
                                                   {Operand("plus", plus), Operand("x_scale", scale)});
      ExpectEqual<float>(y, MultiplyOnCpu(w, a, batch, false), count);
    }
  }
}

TEST_F(SignMetalTest, CountsTritsAsTheCpuDoes) {
  EqualityCount count("sign_ternary_gemv");
  for (size_t k : kKs) {
    for (size_t tiles : {1, 2, 3}) {
      const size_t batch = tiles;
      const Weights w = MakeWeights(tiles, k, rng_);
      const Activations a = Quantize(k, batch, true, RandomFloats(batch * k, -1, 1, rng_));
      emulation::Buffer plus = DeviceCopy(a.plus), minus = DeviceCopy(a.minus), scale = DeviceCopy(a.scale),
                        nonzero = DeviceCopy(a.nonzero);
      const std::vector<float> y = MultiplyOnMetal("sign_ternary_gemv", w, batch, 1,
                                                   {Operand("plus", plus), Operand("minus", minus),
                                                    Operand("nonzero", nonzero), Operand("x_scale", scale)});
      ExpectEqual<float>(y, MultiplyOnCpu(w, a, batch, true), count);
    }
  }
}

TEST_F(SignMetalTest, AddsFloatsInTheCpusOrder) {
  EqualityCount count("sign_float_gemv");
  for (size_t k : kKs) {
    for (size_t tiles : {1, 2, 3}) {
      const size_t batch = tiles;
      const size_t rows = tiles * kSignTileRows;
      const Weights w = MakeWeights(tiles, k, rng_);
      const std::vector<float> x = RandomMagnitudes(batch * k, rng_);
      std::vector<float> expected(batch * rows);
      SignFloatGemmPortable({.tiles = tiles,
                             .k = k,
                             .batch = batch,
                             .w = w.w.data(),
                             .row_scale = w.row_scale.data(),
                             .x = x.data(),
                             .x_stride = k,
                             .y = expected.data(),
                             .y_stride = rows});
      for (float& product : expected) product *= kScale;
      emulation::Buffer device_x = DeviceCopy(x);
      ExpectEqual<float>(
          MultiplyOnMetal("sign_float_gemv", w, batch, gpu::kSignFloatSimdgroups, {Operand("x", device_x)}),
          expected, count);
    }
  }
}

class QuantizeSignMetalTest : public SignMetalTest {
 protected:
  // Rows of random values, of nothing but zeros, and of values at the limit of a trit.
  std::vector<float> Rows(size_t k) {
    std::vector<float> x = RandomMagnitudes(kRows * k, rng_);
    std::fill_n(x.begin() + static_cast<ptrdiff_t>(k), k, 0.0f);
    for (size_t i = 2 * k; i < 3 * k; ++i) x[i] = i % 2 == 0 ? 1.0f : 0.5f;
    return x;
  }
  static constexpr size_t kRows = 4;
  static gpu::RowArguments ArgumentsOf(size_t k) {
    gpu::RowArguments arguments = {};
    arguments.n = arguments.x_stride = arguments.q_stride = static_cast<uint32_t>(k);
    return arguments;
  }
  static constexpr emulation::Dispatch kDispatch = {.threadgroups = {kRows, 1, 1},
                                                    .simdgroups = gpu::kRowSimdgroups,
                                                    .threadgroup_bytes = gpu::kRowSharedBytes};
};

TEST_F(QuantizeSignMetalTest, FindsTheCpusSigns) {
  EqualityCount bits("quantize_binary, planes"), scales("quantize_binary, scales");
  for (size_t k : kKs) {
    const Activations a = Quantize(k, kRows, false, Rows(k));
    emulation::Buffer x = DeviceCopy(a.x), plus(kRows * k / 8), scale(kRows * sizeof(float)),
                      args = DeviceStruct(ArgumentsOf(k));
    const emulation::Argument operands[] = {Operand("x", x), Operand("plus", plus), Operand("scale", scale),
                                            Operand("arguments", args)};
    RunMetal("quantize_binary", kDispatch, operands);
    ExpectEqual<uint64_t>(plus.As<uint64_t>(), a.plus, bits);
    ExpectEqual<float>(scale.As<float>(), a.scale, scales);
  }
}

TEST_F(QuantizeSignMetalTest, FindsTheCpusTrits) {
  EqualityCount bits("quantize_ternary, planes"), scales("quantize_ternary, scales"),
      counts("quantize_ternary, counts");
  for (size_t k : kKs) {
    const Activations a = Quantize(k, kRows, true, Rows(k));
    emulation::Buffer x = DeviceCopy(a.x), plus(kRows * k / 8), minus(kRows * k / 8),
                      scale(kRows * sizeof(float)), nonzero(kRows * sizeof(int32_t)),
                      args = DeviceStruct(ArgumentsOf(k));
    const emulation::Argument operands[] = {
        Operand("x", x),         Operand("plus", plus),       Operand("minus", minus),
        Operand("scale", scale), Operand("nonzero", nonzero), Operand("arguments", args)};
    RunMetal("quantize_ternary", kDispatch, operands);
    ExpectEqual<uint64_t>(plus.As<uint64_t>(), a.plus, bits);
    ExpectEqual<uint64_t>(minus.As<uint64_t>(), a.minus, bits);
    ExpectEqual<float>(scale.As<float>(), a.scale, scales);
    ExpectEqual<int32_t>(nonzero.As<int32_t>(), a.nonzero, counts);
  }
}

TEST_F(QuantizeSignMetalTest, RoundsToTheCpusBfloat16) {
  EqualityCount count("round_to_bf16");
  for (size_t n : {1, 31, 255, 256, 257, 1000}) {
    std::vector<float> x = RandomMagnitudes(kRows * n, rng_);
    x[0] = INFINITY;
    x.back() = kNaN;
    std::vector<float> expected(x.size());
    RoundToBf16Portable(x.size(), x.data(), expected.data());
    emulation::Buffer device_x = DeviceCopy(x), y(x.size() * sizeof(float)),
                      args = DeviceStruct(ArgumentsOf(n));
    const emulation::Argument operands[] = {Operand("x", device_x), Operand("y", y),
                                            Operand("arguments", args)};
    RunMetal("round_to_bf16", {.threadgroups = {kRows, 1, 1}, .simdgroups = gpu::kRowSimdgroups}, operands);
    ExpectEqual<float>(y.As<float>(), expected, count);
  }
}

}  // namespace
}  // namespace bitnet

#include "engine/metal/self_test/kernel_trials.h"
#include "kernels/sign_gemm/sign_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kBatch = 2;
constexpr uint32_t kTiles = 3;
// Blocks that four lanes share unevenly, and more words than one lane has.
constexpr size_t kK = 320;
constexpr size_t kWords = kK / 64;
constexpr size_t kRows = kTiles * kSignTileRows;
constexpr float kScale = 0.37f;

gpu::RowArguments RowArgumentsOf() {
  gpu::RowArguments arguments = {};
  arguments.n = arguments.x_stride = arguments.q_stride = kK;
  return arguments;
}

// Rows as the CPU makes bits of them.
struct Bits {
  std::vector<float> x = {};
  std::vector<uint64_t> plus = std::vector<uint64_t>(kBatch * kWords), minus = plus;
  std::vector<float> scales = {};
  std::vector<int32_t> nonzero = {};
};

Bits MakeBits(KernelTrial& trial, bool ternary) {
  Bits bits = {.x = trial.Floats(kBatch * kK)};
  for (size_t b = 0; b < kBatch; ++b) {
    const float* x = bits.x.data() + b * kK;
    uint64_t* plus = bits.plus.data() + b * kWords;
    if (ternary) {
      const TernaryRow row = trial.cpu().quantize_ternary(kK, x, plus, bits.minus.data() + b * kWords);
      bits.scales.push_back(row.scale);
      bits.nonzero.push_back(row.nonzero);
    } else {
      bits.scales.push_back(trial.cpu().quantize_binary(kK, x, plus));
    }
  }
  return bits;
}

struct Weights {
  std::vector<uint8_t> w;
  std::vector<float> row_scale;
};

Weights MakeWeights(KernelTrial& trial) {
  return {.w = trial.Integers<uint8_t>(kTiles * SignTileBytes(kK), 0, 255), .row_scale = trial.Floats(kRows)};
}

constexpr gpu::SignArguments kArguments = {.k = kK, .x_stride = kK, .y_stride = kRows, .scale = kScale};

void ExpectScaled(KernelTrial& trial, const float* device, std::vector<float> products) {
  for (float& product : products) product *= kScale;
  trial.Expect(device, products);
}

std::vector<float> MultiplyBits(const Weights& weights, const Bits& bits, SignBinaryGemm* multiply) {
  std::vector<float> y(kBatch * kRows);
  multiply({.tiles = kTiles,
            .k = kK,
            .batch = kBatch,
            .w = weights.w.data(),
            .row_scale = weights.row_scale.data(),
            .plus = bits.plus.data(),
            .minus = bits.minus.data(),
            .x_stride = kWords,
            .nonzero = bits.nonzero.data(),
            .x_scale = bits.scales.data(),
            .y = y.data(),
            .y_stride = kRows});
  return y;
}

}  // namespace

void TryQuantizeBinary(KernelTrial& trial) {
  const Bits bits = MakeBits(trial, false);
  uint64_t* plus = trial.Room<uint64_t>(kBatch * kWords);
  float* scales = trial.Room<float>(kBatch);
  trial.Run({kBatch, 1, 1}, {trial.Put(bits.x), plus, scales}, RowArgumentsOf());
  trial.Expect(plus, bits.plus);
  trial.Expect(scales, bits.scales);
}

void TryQuantizeTernary(KernelTrial& trial) {
  const Bits bits = MakeBits(trial, true);
  uint64_t* plus = trial.Room<uint64_t>(kBatch * kWords);
  uint64_t* minus = trial.Room<uint64_t>(kBatch * kWords);
  float* scales = trial.Room<float>(kBatch);
  int32_t* nonzero = trial.Room<int32_t>(kBatch);
  trial.Run({kBatch, 1, 1}, {trial.Put(bits.x), plus, minus, scales, nonzero}, RowArgumentsOf());
  trial.Expect(plus, bits.plus);
  trial.Expect(minus, bits.minus);
  trial.Expect(scales, bits.scales);
  trial.Expect(nonzero, bits.nonzero);
}

void TryRoundToBf16(KernelTrial& trial) {
  const std::vector<float> x = trial.Floats(kBatch * kK);
  std::vector<float> rounded(x.size());
  trial.cpu().round_to_bf16(x.size(), x.data(), rounded.data());
  float* y = trial.Room<float>(x.size());
  trial.Run({kBatch, 1, 1}, {trial.Put(x), y}, RowArgumentsOf());
  trial.Expect(y, rounded);
}

void TrySignBinaryGemv(KernelTrial& trial) {
  const Weights weights = MakeWeights(trial);
  const Bits bits = MakeBits(trial, false);
  float* y = trial.Room<float>(kBatch * kRows);
  trial.Run(
      {kTiles, kBatch, 1},
      {trial.Put(weights.w), trial.Put(weights.row_scale), trial.Put(bits.plus), trial.Put(bits.scales), y},
      kArguments);
  ExpectScaled(trial, y, MultiplyBits(weights, bits, trial.cpu().sign_binary_gemm));
}

void TrySignTernaryGemv(KernelTrial& trial) {
  const Weights weights = MakeWeights(trial);
  const Bits bits = MakeBits(trial, true);
  float* y = trial.Room<float>(kBatch * kRows);
  trial.Run({kTiles, kBatch, 1},
            {trial.Put(weights.w), trial.Put(weights.row_scale), trial.Put(bits.plus), trial.Put(bits.minus),
             trial.Put(bits.nonzero), trial.Put(bits.scales), y},
            kArguments);
  ExpectScaled(trial, y, MultiplyBits(weights, bits, trial.cpu().sign_ternary_gemm));
}

void TrySignFloatGemv(KernelTrial& trial) {
  const Weights weights = MakeWeights(trial);
  const std::vector<float> x = trial.Floats(kBatch * kK);
  std::vector<float> products(kBatch * kRows);
  trial.cpu().sign_float_gemm({.tiles = kTiles,
                               .k = kK,
                               .batch = kBatch,
                               .w = weights.w.data(),
                               .row_scale = weights.row_scale.data(),
                               .x = x.data(),
                               .x_stride = kK,
                               .y = products.data(),
                               .y_stride = kRows});
  float* y = trial.Room<float>(products.size());
  trial.Run({kTiles, kBatch, 1}, {trial.Put(weights.w), trial.Put(weights.row_scale), trial.Put(x), y},
            kArguments);
  ExpectScaled(trial, y, products);
}

}  // namespace bitnet

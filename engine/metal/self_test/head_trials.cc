#include <algorithm>
#include <bit>
#include <numeric>

#include "engine/formats/float_round.h"
#include "engine/metal/grid.h"
#include "engine/metal/self_test/kernel_trials.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

constexpr uint32_t kBatch = 2;
constexpr float kScale = 0.37f;

// Codes of random weights, of a type that `encode` makes of floats.
template <typename Code, typename Encode>
void TryFloats(KernelTrial& trial, FloatType type, uint32_t type_number, Encode&& encode) {
  constexpr size_t kRows = 2 * gpu::kHeadSimdgroups + 1, kK = 100;
  std::vector<Code> w;
  for (const float weight : trial.Floats(kRows * kK)) w.push_back(encode(weight));
  const std::vector<float> x = trial.Floats(kBatch * kK);
  std::vector<float> products(kBatch * kRows);
  trial.cpu().float_gemm({.rows = kRows,
                          .k = kK,
                          .batch = kBatch,
                          .w = w.data(),
                          .x = x.data(),
                          .x_stride = kK,
                          .y = products.data(),
                          .y_stride = kRows,
                          .type = type});
  for (float& product : products) product *= kScale;
  float* y = trial.Room<float>(products.size());
  trial.Run(
      {NumPieces(kRows, 2 * gpu::kHeadSimdgroups), kBatch, 1}, {trial.Put(w), trial.Put(x), y},
      gpu::HeadArguments{
          .rows = kRows, .k = kK, .type = type_number, .x_stride = kK, .y_stride = kRows, .scale = kScale});
  trial.Expect(y, products);
}

}  // namespace

void TryFloatGemv(KernelTrial& trial) {
  TryFloats<uint16_t>(trial, FloatType::kF16, gpu::kWeightF16, FloatToHalf);
  TryFloats<uint16_t>(trial, FloatType::kBf16, gpu::kWeightBf16, [](float weight) {
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(weight) >> 16);
  });
  TryFloats<float>(trial, FloatType::kF32, gpu::kWeightF32, [](float weight) { return weight; });
}

void TryInt6Gemv(KernelTrial& trial) {
  // Blocks that the SIMD groups share unevenly.
  constexpr size_t kTiles = 2, kRows = kTiles * kInt6TileRows, kBlocks = gpu::kHeadSimdgroups + 1;
  constexpr size_t kK = kBlocks * kInt6BlockK, kGroups = kK / kInt6Group;
  std::vector<uint8_t> w(kTiles * Int6TileBytes(kK));
  for (size_t block = 0; block < kTiles * kBlocks; ++block) {
    for (size_t row = 0; row < kInt6TileRows; ++row) {
      PackInt6Row(row, trial.Integers<int8_t>(kInt6BlockK, -32, 31).data(),
                  w.data() + block * kInt6BlockBytes);
    }
  }
  const std::vector<int8_t> w_scale = trial.Integers<int8_t>(kTiles * Int6TileScales(kK), -127, 127);
  const std::vector<float> row_scale = trial.Floats(kRows);
  const std::vector<int8_t> x = trial.Integers<int8_t>(kBatch * kK, -127, 127);
  const std::vector<float> x_scale = trial.PositiveFloats(kBatch);
  std::vector<float> factors;
  for (const float scale : x_scale) factors.push_back(kScale / scale);
  std::vector<int16_t> minus8;
  for (auto at = x.begin(); at != x.end(); at += kInt6Group) {
    minus8.push_back(static_cast<int16_t>(-8 * std::accumulate(at, at + kInt6Group, 0)));
  }
  std::vector<float> products(kBatch * kRows);
  trial.cpu().int6_gemm({.tiles = kTiles,
                         .k = kK,
                         .batch = kBatch,
                         .w = w.data(),
                         .w_scale = w_scale.data(),
                         .row_scale = row_scale.data(),
                         .x = x.data(),
                         .x_stride = kK,
                         .x_minus8 = minus8.data(),
                         .x_minus8_stride = kGroups,
                         .x_scale = factors.data(),
                         .y = products.data(),
                         .y_stride = kRows});
  float* y = trial.Room<float>(products.size());
  trial.Run({kTiles, kBatch, 1},
            {trial.Put(w), trial.Put(w_scale), trial.Put(row_scale), trial.Put(x), trial.Put(x_scale), y},
            gpu::HeadArguments{
                .rows = kRows, .k = kK, .type = 0, .x_stride = kK, .y_stride = kRows, .scale = kScale});
  trial.Expect(y, products);
}

}  // namespace bitnet

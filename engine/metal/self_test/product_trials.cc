#include <algorithm>
#include <numeric>
#include <span>

#include "engine/formats/float_round.h"
#include "engine/metal/grid.h"
#include "engine/metal/self_test/kernel_trials.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/elementwise/elementwise.h"

namespace bitnet {
namespace {

// Blocks that eight lanes share unevenly; base 3 pads it.
constexpr size_t kK = 192;
constexpr size_t kGroup = 64;
constexpr size_t kGroups = kK / kGroup;
constexpr size_t kStride = Base3PaddedK(kK);
constexpr size_t kNumMatrices = 2;
constexpr float kScales[kNumMatrices] = {0.37f, 1.5f};

bool IsGrouped(TrialLayout layout) {
  return layout == TrialLayout::kGrouped1Bit || layout == TrialLayout::kGrouped2Bit;
}

struct Size {
  size_t tiles;  // Of each matrix: the last threadgroup has fewer than the others.
  size_t batch;

  size_t rows() const { return tiles * gpu::kTileRows; }
  size_t num_products() const { return batch * rows(); }
};

constexpr Size kGemvSize = {.tiles = gpu::kGemvTiles + 1, .batch = 2};
constexpr Size kGemmSize = {.tiles = gpu::kGemmTiles + 1, .batch = gpu::kGemmColumns + 1};

// Two matrices, one after the other.
struct Weights {
  size_t matrix_bytes;
  std::vector<uint8_t> w;
  std::vector<uint16_t> group_scales;  // Of grouped layouts.
};

Weights MakeWeights(KernelTrial& trial, TrialLayout layout, size_t tiles) {
  const auto grouped = layout == TrialLayout::kGrouped1Bit ? GroupedLayout::k1Bit : GroupedLayout::k2Bit;
  const size_t tile_bytes = layout == TrialLayout::kTernary2Bit ? TernaryTileBytes(kK)
                            : layout == TrialLayout::kBase3     ? Base3TileBytes(kK)
                                                                : GroupedTileBytes(grouped, kK);
  Weights weights = {.matrix_bytes = tiles * tile_bytes, .w = {}, .group_scales = {}};
  weights.w.resize(kNumMatrices * weights.matrix_bytes);
  for (size_t at = 0; at < weights.w.size(); at += tile_bytes) {
    const std::vector<int8_t> tile = trial.Integers<int8_t>(gpu::kTileRows * kK, -1, 1);
    if (layout == TrialLayout::kTernary2Bit) {
      PackTernaryTile(kK, tile.data(), weights.w.data() + at);
    } else if (layout == TrialLayout::kBase3) {
      PackBase3Tile(kK, tile.data(), weights.w.data() + at);
    } else {
      PackGroupedTile(grouped, kK, tile.data(), weights.w.data() + at);
    }
  }
  if (IsGrouped(layout)) {
    for (const float scale : trial.Floats(kNumMatrices * tiles * gpu::kTileRows * kGroups)) {
      weights.group_scales.push_back(FloatToHalf(scale));
    }
  }
  return weights;
}

// Rows of int8, with one scale each or one for each group.
struct Input {
  std::vector<int8_t> x;  // [batch, kStride]
  std::vector<int32_t> sums;
  std::vector<float> scales;
};

Input MakeInput(KernelTrial& trial, bool grouped, size_t batch) {
  Input input = {.x = std::vector<int8_t>(batch * kStride), .sums = {}, .scales = {}};
  const size_t group = grouped ? kGroup : kK;
  for (size_t b = 0; b < batch; ++b) {
    const std::vector<int8_t> row = trial.Integers<int8_t>(kK, -127, 127);
    std::ranges::copy(row, input.x.begin() + static_cast<ptrdiff_t>(b * kStride));
    for (auto at = row.begin(); at != row.end(); at += static_cast<ptrdiff_t>(group)) {
      input.sums.push_back(std::accumulate(at, at + static_cast<ptrdiff_t>(group), 0));
    }
  }
  input.scales = trial.PositiveFloats(input.sums.size());
  return input;
}

// Products of matrix i: [batch, rows].
std::vector<float> Multiply(const KernelSet& cpu, TrialLayout layout, const Weights& weights, size_t i,
                            const Input& input, Size size) {
  std::vector<float> y(size.num_products());
  const uint8_t* w = weights.w.data() + i * weights.matrix_bytes;
  if (IsGrouped(layout)) {
    const bool one_bit = layout == TrialLayout::kGrouped1Bit;
    cpu.grouped_gemm({.layout = one_bit ? GroupedLayout::k1Bit : GroupedLayout::k2Bit,
                      .tiles = size.tiles,
                      .k = kK,
                      .group = kGroup,
                      .batch = size.batch,
                      .w = w,
                      .w_scale = weights.group_scales.data() + i * size.rows() * kGroups,
                      .x = input.x.data(),
                      .x_stride = kStride,
                      .x_sum = input.sums.data(),
                      .x_inv = input.scales.data(),
                      .y = y.data(),
                      .y_stride = size.rows()});
    for (float& product : y) product *= kScales[i];
    return y;
  }
  std::vector<float> factors;
  for (const float scale : input.scales) factors.push_back(kScales[i] / scale);
  if (layout == TrialLayout::kBase3) {
    cpu.base3_gemm({size.tiles, kK, size.batch, w, input.x.data(), kStride, input.sums.data(), factors.data(),
                    y.data(), size.rows()});
  } else {
    cpu.ternary_gemm({size.tiles, kK, size.batch, w, input.x.data(), kStride, input.sums.data(),
                      factors.data(), y.data(), size.rows()});
  }
  return y;
}

// Both matrices in one dispatch, the products of the second behind those of the first.
gpu::ProductArguments ArgumentsOf(const Weights& weights, bool grouped, Size size) {
  gpu::ProductArguments arguments = {.k = kK,
                                     .x_stride = kStride,
                                     .batch = U32(size.batch),
                                     .group = grouped ? U32(kGroup) : 0,
                                     .activation = gpu::kSilu,
                                     .num_projections = kNumMatrices,
                                     .projections = {}};
  for (size_t i = 0; i < kNumMatrices; ++i) {
    arguments.projections[i] = {.w = i * weights.matrix_bytes,
                                .w_scale = i * size.rows() * kGroups,
                                .y = i * size.num_products(),
                                .tiles = U32(size.tiles),
                                .y_stride = U32(size.rows()),
                                .scale = kScales[i],
                                .unused = 0};
  }
  return arguments;
}

void TryProducts(KernelTrial& trial, TrialLayout layout, Size size, size_t tiles_at_once,
                 size_t columns_at_once) {
  const bool grouped = IsGrouped(layout);
  const Weights weights = MakeWeights(trial, layout, size.tiles);
  const Input input = MakeInput(trial, grouped, size.batch);
  std::vector<float> products;
  for (size_t i = 0; i < kNumMatrices; ++i) {
    const std::vector<float> y = Multiply(trial.cpu(), layout, weights, i, input, size);
    products.insert(products.end(), y.begin(), y.end());
  }
  const std::array<uint32_t, 3> groups = {U32(kNumMatrices) * NumPieces(size.tiles, tiles_at_once),
                                          NumPieces(size.batch, columns_at_once), 1};
  const gpu::ProductArguments arguments = ArgumentsOf(weights, grouped, size);
  const uint8_t* w = trial.Put(weights.w);
  const uint16_t* group_scales = trial.Put(weights.group_scales);
  const int8_t* x = trial.Put(input.x);
  const int32_t* sums = trial.Put(input.sums);
  const float* scales = trial.Put(input.scales);
  float* y = trial.Room<float>(products.size());
  if (grouped) {
    trial.Run(groups, {w, group_scales, x, sums, scales, y}, arguments);
  } else {
    trial.Run(groups, {w, x, sums, scales, y}, arguments);
  }
  trial.Expect(y, products);
}

}  // namespace

void TryGemv(KernelTrial& trial, TrialLayout layout) {
  TryProducts(trial, layout, kGemvSize, gpu::kGemvTiles, 1);
}

void TryGemm(KernelTrial& trial, TrialLayout layout) {
  TryProducts(trial, layout, kGemmSize, gpu::kGemmTiles, gpu::kGemmColumns);
}

void TryGatedGemv(KernelTrial& trial, TrialLayout layout) {
  const Weights weights = MakeWeights(trial, layout, kGemvSize.tiles);
  const Input input = MakeInput(trial, false, kGemvSize.batch);
  std::vector<float> gate = Multiply(trial.cpu(), layout, weights, 0, input, kGemvSize);
  const std::vector<float> up = Multiply(trial.cpu(), layout, weights, 1, input, kGemvSize);
  SiluGate(gate.size(), gate.data(), up.data(), gate.data());
  float* h = trial.Room<float>(gate.size());
  trial.Run({U32(kGemvSize.tiles), U32(kGemvSize.batch), 1},
            {trial.Put(weights.w), trial.Put(input.x), trial.Put(input.sums), trial.Put(input.scales), h},
            ArgumentsOf(weights, false, kGemvSize));
  trial.Expect(h, gate);
}

}  // namespace bitnet

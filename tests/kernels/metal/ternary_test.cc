// The products of ternary matrices, packed in 2 bits and in base 3.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <random>
#include <vector>

#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/metal/arguments.h"
#include "kernels/ternary_gemm/ternary_gemm.h"
#include "tests/kernels/metal/metal_test.h"

namespace bitnet {
namespace {

// One layout: how its tiles are packed and multiplied on the CPU.
struct Layout {
  const char* name;
  size_t block_k;
  size_t (*tile_bytes)(size_t k);
  void (*pack)(size_t k, const int8_t* weights, uint8_t* tile);
  void (*multiply)(const TernaryGemmArgs& args);
};

void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.name; }

constexpr Layout kLayouts[] = {
    {"ternary", kTernaryBlockK, TernaryTileBytes, PackTernaryTile, TernaryGemmPortable},
    {"base3", 4, Base3TileBytes, PackBase3Tile,
     [](const TernaryGemmArgs& a) {
       Base3GemmPortable({a.tiles, a.k, a.batch, a.w, a.x, a.x_stride, a.x_sum, a.factor, a.y, a.y_stride});
     }},
};

// Matrices of one k, packed one after the other, and columns for them.
struct Problem {
  const Layout& layout;
  size_t k, batch;
  std::vector<size_t> tiles;
  std::vector<float> scales = {};
  std::vector<uint8_t> w = {};
  size_t x_stride = 0;
  std::vector<int8_t> x = {};
  std::vector<int32_t> x_sum = {};
  std::vector<float> x_scale = {};

  size_t WeightBegin(size_t matrix) const {
    size_t before = 0;
    for (size_t i = 0; i < matrix; ++i) before += tiles[i];
    return before * layout.tile_bytes(k);
  }
};

struct Range {
  int low, high;
};

Problem Make(const Layout& layout, size_t k, size_t batch, std::vector<size_t> tiles, std::mt19937& rng,
             Range trits = {-1, 1}, Range bytes = {-128, 127}) {
  Problem p = {.layout = layout, .k = k, .batch = batch, .tiles = std::move(tiles)};
  std::uniform_int_distribution<int> trit(trits.low, trits.high);
  std::uniform_int_distribution<int> byte(bytes.low, bytes.high);
  std::uniform_real_distribution<float> real(0.01f, 2);
  for (const size_t count : p.tiles) {
    p.scales.push_back(real(rng));
    for (size_t t = 0; t < count; ++t) {
      std::vector<int8_t> weights(16 * k);
      for (int8_t& weight : weights) weight = static_cast<int8_t>(trit(rng));
      p.w.resize(p.w.size() + layout.tile_bytes(k));
      layout.pack(k, weights.data(), p.w.data() + p.w.size() - layout.tile_bytes(k));
    }
  }
  p.x_stride = Base3PaddedK(k) + 4;
  p.x.assign(batch * p.x_stride, 0);
  for (size_t b = 0; b < batch; ++b) {
    int32_t sum = 0;
    for (size_t i = 0; i < k; ++i) sum += p.x[b * p.x_stride + i] = static_cast<int8_t>(byte(rng));
    p.x_sum.push_back(sum);
    p.x_scale.push_back(real(rng));
  }
  return p;
}

// [matrix][batch, y_stride of it]
std::vector<std::vector<float>> MultiplyOnCpu(const Problem& p, const std::vector<size_t>& y_strides) {
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < p.tiles.size(); ++i) {
    std::vector<float> factor;
    for (const float scale : p.x_scale) factor.push_back(p.scales[i] / scale);
    std::vector<float>& y = all.emplace_back(p.batch * y_strides[i], kNaN);
    p.layout.multiply({.tiles = p.tiles[i],
                       .k = p.k,
                       .batch = p.batch,
                       .w = p.w.data() + p.WeightBegin(i),
                       .x = p.x.data(),
                       .x_stride = p.x_stride,
                       .x_sum = p.x_sum.data(),
                       .factor = factor.data(),
                       .y = y.data(),
                       .y_stride = y_strides[i]});
  }
  return all;
}

gpu::ProductArguments ArgumentsOf(const Problem& p, const std::vector<size_t>& y_strides) {
  gpu::ProductArguments arguments = {.k = static_cast<uint32_t>(p.k),
                                     .x_stride = static_cast<uint32_t>(p.x_stride),
                                     .batch = static_cast<uint32_t>(p.batch),
                                     .group = 0,
                                     .activation = 0,
                                     .num_projections = static_cast<uint32_t>(p.tiles.size()),
                                     .projections = {}};
  size_t y = 0;
  for (size_t i = 0; i < p.tiles.size(); ++i) {
    arguments.projections[i] = {.w = p.WeightBegin(i),
                                .w_scale = 0,
                                .y = y,
                                .tiles = static_cast<uint32_t>(p.tiles[i]),
                                .y_stride = static_cast<uint32_t>(y_strides[i]),
                                .scale = p.scales[i],
                                .unused = 0};
    y += p.batch * y_strides[i];
  }
  return arguments;
}

// What a kernel makes of the problem: y of all matrices, NaN where it wrote nothing.
std::vector<float> MultiplyOnMetal(const std::string& kernel, const Problem& p,
                                   const emulation::Dispatch& dispatch,
                                   const gpu::ProductArguments& arguments, size_t y_size) {
  emulation::Buffer w = DeviceCopy(p.w), x = DeviceCopy(p.x), x_sum = DeviceCopy(p.x_sum),
                    x_scale = DeviceCopy(p.x_scale), y(y_size * sizeof(float)),
                    args = DeviceStruct(arguments);
  const emulation::Argument operands[] = {Operand("w", w),         Operand("x", x),
                                          Operand("x_sum", x_sum), Operand("x_scale", x_scale),
                                          Operand("y", y),         Operand("arguments", args)};
  RunMetal(kernel, dispatch, operands);
  return {y.As<float>().begin(), y.As<float>().end()};
}

emulation::Dispatch GemvDispatch(const Problem& p) {
  uint32_t groups = 0;
  for (const size_t tiles : p.tiles) groups += (tiles + gpu::kGemvTiles - 1) / gpu::kGemvTiles;
  return {.threadgroups = {groups, static_cast<uint32_t>(p.batch), 1},
          .simdgroups = gpu::kGemvSimdgroups,
          .threadgroup_bytes = gpu::kGemvSharedBytes};
}

emulation::Dispatch GemmDispatch(const Problem& p) {
  uint32_t groups = 0;
  for (const size_t tiles : p.tiles) groups += (tiles + gpu::kGemmTiles - 1) / gpu::kGemmTiles;
  const auto columns = static_cast<uint32_t>((p.batch + gpu::kGemmColumns - 1) / gpu::kGemmColumns);
  return {.threadgroups = {groups, columns, 1},
          .simdgroups = gpu::kGemmSimdgroups,
          .threadgroup_bytes = gpu::kGemmSharedBytes};
}

class TernaryMetalTest : public testing::TestWithParam<Layout> {
 protected:
  std::string Name(const char* operation) const { return std::string(GetParam().name) + operation; }

  // Both kernels against the CPU. Rows of y have a gap, which stays as it was.
  void ExpectEqualProducts(const Problem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles.size() << " matrices, the first of " << p.tiles[0]
                                    << " tiles, k " << p.k << ", batch " << p.batch);
    std::vector<size_t> y_strides;
    for (size_t i = 0; i < p.tiles.size(); ++i) y_strides.push_back(16 * p.tiles[i] + 3 * i);
    std::vector<float> expected;
    for (const std::vector<float>& y : MultiplyOnCpu(p, y_strides)) {
      expected.insert(expected.end(), y.begin(), y.end());
    }
    const gpu::ProductArguments arguments = ArgumentsOf(p, y_strides);
    ExpectEqual<float>(MultiplyOnMetal(Name("_gemv"), p, GemvDispatch(p), arguments, expected.size()),
                       expected, gemv_);
    ExpectEqual<float>(MultiplyOnMetal(Name("_gemm"), p, GemmDispatch(p), arguments, expected.size()),
                       expected, gemm_);
  }

  EqualityCount gemv_{Name("_gemv")};
  EqualityCount gemm_{Name("_gemm")};
};

TEST_P(TernaryMetalTest, EqualsTheCpuForAnyNumberOfTiles) {
  std::mt19937 rng(1);
  for (size_t tiles = 1; tiles <= 9; ++tiles) {
    for (size_t batch : {1, 2}) ExpectEqualProducts(Make(GetParam(), 144, batch, {tiles}, rng));
  }
}

TEST_P(TernaryMetalTest, EqualsTheCpuForAnyNumberOfBlocks) {
  std::mt19937 rng(2);
  const size_t block_k = GetParam().block_k;
  for (size_t blocks = 1; blocks <= 40; ++blocks) {
    for (size_t batch : {1, 3}) ExpectEqualProducts(Make(GetParam(), block_k * blocks, batch, {3}, rng));
  }
}

TEST_P(TernaryMetalTest, EqualsTheCpuForAnyBatch) {
  std::mt19937 rng(3);
  for (size_t batch = 1; batch <= 34; ++batch) ExpectEqualProducts(Make(GetParam(), 80, batch, {2}, rng));
  for (size_t batch : {63, 64, 65}) ExpectEqualProducts(Make(GetParam(), 80, batch, {5}, rng));
}

TEST_P(TernaryMetalTest, EqualsTheCpuForModelShapes) {
  std::mt19937 rng(4);
  for (size_t k : {640, 2560, 6912}) {
    for (size_t batch : {1, 9}) ExpectEqualProducts(Make(GetParam(), k, batch, {5}, rng));
  }
}

TEST_P(TernaryMetalTest, MultipliesSeveralMatricesInOneDispatch) {
  std::mt19937 rng(5);
  const std::vector<std::vector<size_t>> shapes = {{4, 1, 1}, {3, 2, 5}, {1, 1, 1}, {7, 9}, {20, 5, 5}};
  for (const std::vector<size_t>& tiles : shapes) {
    for (size_t batch : {1, 5, 33}) ExpectEqualProducts(Make(GetParam(), 160, batch, tiles, rng));
  }
}

TEST_P(TernaryMetalTest, HoldsExtremeSums) {
  std::mt19937 rng(6);
  for (size_t k : {256, 2080}) {
    for (int w : {-1, 0, 1}) {
      for (int x : {-128, 127}) ExpectEqualProducts(Make(GetParam(), k, 1, {1}, rng, {w, w}, {x, x}));
    }
  }
  // Sums of codes come to 2^24.
  ExpectEqualProducts(Make(GetParam(), gpu::kMaxK, 1, {1}, rng, {1, 1}, {-128, -128}));
}

TEST_P(TernaryMetalTest, GatesWhileItMultiplies) {
  std::mt19937 rng(7);
  EqualityCount count(Name("_gated_gemv"));
  for (const auto activation : {gpu::kSquaredRelu, gpu::kSilu}) {
    for (size_t tiles : {1, 2, 5}) {
      for (size_t batch : {1, 3}) {
        const Problem p = Make(GetParam(), 1040, batch, {tiles, tiles}, rng);
        const std::vector<size_t> y_strides(2, 16 * tiles);
        std::vector<std::vector<float>> expected = MultiplyOnCpu(p, y_strides);
        const auto gate = activation == gpu::kSilu ? SiluGate : SquaredReluGate;
        gate(expected[0].size(), expected[0].data(), expected[1].data(), expected[0].data());
        gpu::ProductArguments arguments = ArgumentsOf(p, y_strides);
        arguments.activation = activation;
        emulation::Dispatch dispatch = GemvDispatch(p);
        dispatch.threadgroups.x = static_cast<uint32_t>(tiles);
        ExpectEqual<float>(MultiplyOnMetal(Name("_gated_gemv"), p, dispatch, arguments, expected[0].size()),
                           expected[0], count);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllLayouts, TernaryMetalTest, testing::ValuesIn(kLayouts),
                         [](const auto& layout) { return layout.param.name; });

}  // namespace
}  // namespace bitnet

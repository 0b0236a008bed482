#include <algorithm>
#include <cstdint>

#include "bench/kernels/register.h"
#include "kernels/grouped_gemm/grouped_gemm.h"

namespace bitnet {
namespace {

struct Shape {
  const char* name;
  size_t rows, k;
};

// A down projection of Bonsai 1.7B (hidden 2048, FFN 6144), and 42 of them one after the other: what
// ternary_gemm streams, in weights.
constexpr Shape kShapes[] = {{"2048x6144", 2048, 6144}, {"streamed_172800x6144", 172800, 6144}};

// Any bytes are packed weights of either layout.
const std::vector<uint8_t>& PackedWeights(size_t bytes) {
  static std::vector<uint8_t> weights;
  if (weights.size() == bytes) return weights;
  weights.resize(bytes);
  uint64_t state = 1;
  for (uint8_t& byte : weights) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<uint8_t>(state >> 40);
  }
  return weights;
}

void Run(benchmark::State& state, const GroupedGemmKernel& kernel, GroupedLayout layout, const Shape& shape,
         size_t group, size_t batch) {
  const size_t tiles = shape.rows / kGroupedTileRows;
  const size_t groups = shape.k / group;
  const std::vector<uint8_t>& w = PackedWeights(tiles * GroupedTileBytes(layout, shape.k));
  std::mt19937 rng(1);
  std::vector<uint16_t> w_scale(shape.rows * groups);
  for (uint16_t& bits : w_scale) bits = static_cast<uint16_t>(0x2000 + rng() % 0x0800);
  std::vector<int8_t> x(batch * shape.k);
  std::vector<int32_t> x_sum(batch * groups);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<int8_t>(rng() % 255 - 127);
    x_sum[i / group] += x[i];
  }
  const std::vector<float> x_inv(batch * groups, 0.01f);
  std::vector<float> y(batch * shape.rows), expected(batch * shape.rows);
  GroupedGemmArgs args = {.layout = layout,
                          .tiles = std::min<size_t>(tiles, 64),
                          .k = shape.k,
                          .group = group,
                          .batch = batch,
                          .w = w.data(),
                          .w_scale = w_scale.data(),
                          .x = x.data(),
                          .x_stride = shape.k,
                          .x_sum = x_sum.data(),
                          .x_inv = x_inv.data(),
                          .y = expected.data(),
                          .y_stride = shape.rows};
  // The slow variants would take minutes for all of a streamed matrix: the first tiles are enough.
  GroupedGemmPortable(args);
  args.y = y.data();
  kernel.run(args);
  if (y != expected) return state.SkipWithError("differs from portable");
  args.tiles = tiles;
  for (auto _ : state) {
    kernel.run(args);
    benchmark::ClobberMemory();
  }
  const size_t bytes = w.size() + w_scale.size() * sizeof(w_scale[0]);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(shape.rows * shape.k * batch));
}

}  // namespace

void RegisterGroupedGemm() {
  for (GroupedLayout layout : {GroupedLayout::k1Bit, GroupedLayout::k2Bit}) {
    const char* bits = layout == GroupedLayout::k1Bit ? "1bit" : "2bit";
    for (const Shape& shape : kShapes) {
      for (size_t group : {32, 128}) {
        for (size_t batch : {1, 8}) {
          if (shape.rows > 100000 && batch > 1) continue;
          RegisterEach(GroupedGemmKernels(), "GroupedGemm",
                       std::string(bits) + "/" + shape.name + "/group:" + std::to_string(group) +
                           "/batch:" + std::to_string(batch),
                       [=](benchmark::State& state, const GroupedGemmKernel& kernel) {
                         Run(state, kernel, layout, shape, group, batch);
                       });
        }
      }
    }
  }
}

}  // namespace bitnet

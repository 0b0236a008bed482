#include <algorithm>
#include <memory>
#include <numeric>

#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

struct Input {
  Input(size_t k, size_t batch) : int8(k, k, 0, batch), minus8(batch * (k / kInt6Group)) {
    for (size_t g = 0; g < minus8.size(); ++g) {
      const int8_t* group = int8.x.data() + g * kInt6Group;
      minus8[g] = static_cast<int16_t>(-8 * std::accumulate(group, group + kInt6Group, 0));
    }
  }
  Int8Input int8;
  std::vector<int16_t> minus8;
};

// Codes, then scales of groups, then scales of rows, as in a file.
struct Places {
  Places(const GemmShape& shape)
      : tiles(shape.rows / kInt6TileRows),
        scales(tiles * Int6TileBytes(shape.k)),
        row_scales(scales + tiles * Int6TileScales(shape.k)),
        end(row_scales + shape.rows * sizeof(float)) {}
  size_t tiles, scales, row_scales, end;
};

void Fill(const Places& places, uint8_t* w) {
  Random random(1);
  for (size_t i = 0; i < places.scales; ++i) w[i] = static_cast<uint8_t>(random.Next());
  for (size_t i = places.scales; i < places.row_scales; ++i) {
    w[i] = static_cast<uint8_t>(random.Next() % 255 - 127);
  }
  auto* row_scales = reinterpret_cast<float*>(w + places.row_scales);
  std::fill_n(row_scales, (places.end - places.row_scales) / sizeof(float), 0.001f);
}

}  // namespace

std::vector<GemmCase> Int6GemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  std::vector<GemmCase> cases;
  if (shape.rows % kInt6TileRows != 0 || shape.k % kInt6BlockK != 0 || shape.k > kInt6MaxK) return cases;
  const auto input = std::make_shared<Input>(shape.k, batch);
  const Places places(shape);
  const auto runner = [=](Int6Gemm* run) {
    return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
      run({.tiles = end - begin,
           .k = shape.k,
           .batch = batch,
           .w = w + begin * Int6TileBytes(shape.k),
           .w_scale = reinterpret_cast<const int8_t*>(w + places.scales) + begin * Int6TileScales(shape.k),
           .row_scale = reinterpret_cast<const float*>(w + places.row_scales) + begin * kInt6TileRows,
           .x = input->int8.x.data(),
           .x_stride = shape.k,
           .x_minus8 = input->minus8.data(),
           .x_minus8_stride = shape.k / kInt6Group,
           .x_scale = input->int8.factors.data(),
           .y = y + begin * kInt6TileRows,
           .y_stride = shape.rows});
    };
  };
  for (const Int6GemmKernel& kernel : Int6GemmKernels()) {
    if (!Covers(have, kernel.needs)) continue;
    cases.push_back({.operation = "Int6Gemm",
                     .variant = kernel.name,
                     .shape = shape,
                     .batch = batch,
                     .weight_bytes = places.end,
                     .tiles = places.tiles,
                     .tile_rows = kInt6TileRows,
                     .fill = [places](uint8_t* w) { Fill(places, w); },
                     .run = runner(kernel.run),
                     .portable = runner(Int6GemmPortable)});
  }
  return cases;
}

}  // namespace bitnet

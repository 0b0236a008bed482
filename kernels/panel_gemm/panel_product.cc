#include "kernels/panel_gemm/panel_product.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;  // Of every source.
// Columns that share a panel before the next one is unpacked. Unpacking 16 x 960 codes costs about as much as
// multiplying them with two columns, so 48 make it 4 %; their sums take 3 KiB of the first-level cache, and
// 48 rows of 2560 x are 120 KiB, a quarter of the smallest second-level cache, where the next tile finds them
// again.
constexpr size_t kColumns = 48;

struct Scratch {
  alignas(64) uint8_t panel[kPanelBytes];
  alignas(64) int32_t sums[kColumns * kPanelRows];
};

// The exact sums of code * x of `k` columns of one tile, whose first block is at `w`, from `x` on.
struct TileSums {
  PanelSource source;
  size_t k;
  const uint8_t* w;
  size_t batch;
  const int8_t* x;
  size_t x_stride;
};

void SumTile(const PanelGemmKernel& kernel, const TileSums& tile, Scratch& scratch) {
  std::fill_n(scratch.sums, tile.batch * kPanelRows, 0);
  const size_t block_k = PanelBlockK(tile.source);
  for (size_t k0 = 0; k0 < tile.k; k0 += kPanelK) {
    const size_t k = std::min(kPanelK, tile.k - k0);
    kernel.unpack(tile.source, k, tile.w + k0 / block_k * kBlockBytes, scratch.panel);
    kernel.run({k, tile.batch, scratch.panel, tile.x + k0, tile.x_stride, scratch.sums});
  }
}

// Layouts with one scale. Args is TernaryGemmArgs or Base3GemmArgs, `k` a multiple of the source's block.
template <typename Args>
void UniformPanels(const PanelGemmKernel& kernel, PanelSource source, size_t k, const Args& args) {
  Scratch scratch;
  const size_t tile_bytes = k / PanelBlockK(source) * kBlockBytes;
  for (size_t first = 0; first < args.batch; first += kColumns) {
    const size_t columns = std::min(kColumns, args.batch - first);
    for (size_t tile = 0; tile < args.tiles; ++tile) {
      SumTile(kernel,
              {source, k, args.w + tile * tile_bytes, columns, args.x + first * args.x_stride, args.x_stride},
              scratch);
      for (size_t c = 0; c < columns; ++c) {
        const size_t b = first + c;
        float* y = args.y + b * args.y_stride + tile * kPanelRows;
        for (size_t r = 0; r < kPanelRows; ++r) {
          y[r] = static_cast<float>(scratch.sums[c * kPanelRows + r] - args.x_sum[b]) * args.factor[b];
        }
      }
    }
  }
}

}  // namespace

void TernaryPanelGemm(const PanelGemmKernel& kernel, const TernaryGemmArgs& args) {
  UniformPanels(kernel, PanelSource::kTernary2Bit, args.k, args);
}

void Base3PanelGemm(const PanelGemmKernel& kernel, const Base3GemmArgs& args) {
  UniformPanels(kernel, PanelSource::kBase3, Base3PaddedK(args.k), args);
}

void GroupedPanelGemm(const PanelGemmKernel& kernel, const GroupedGemmArgs& args) {
  const bool one_bit = args.layout == GroupedLayout::k1Bit;
  const PanelSource source = one_bit ? PanelSource::k1Bit : PanelSource::kTernary2Bit;
  Scratch scratch;
  const size_t groups = args.k / args.group;
  const size_t group_bytes = args.group / PanelBlockK(source) * kBlockBytes;
  for (size_t first = 0; first < args.batch; first += kColumns) {
    const size_t columns = std::min(kColumns, args.batch - first);
    for (size_t tile = 0; tile < args.tiles; ++tile) {
      float* y = args.y + first * args.y_stride + tile * kPanelRows;
      for (size_t c = 0; c < columns; ++c) {
        std::fill_n(y + c * args.y_stride, kPanelRows, 0.0f);
      }
      for (size_t g = 0; g < groups; ++g) {
        const size_t at = tile * groups + g;
        SumTile(kernel,
                {source, args.group, args.w + at * group_bytes, columns,
                 args.x + first * args.x_stride + g * args.group, args.x_stride},
                scratch);
        kernel.add_group({.batch = columns,
                          .shift = one_bit ? 1 : 0,
                          .sums = scratch.sums,
                          .w_scale = args.w_scale + at * kPanelRows,
                          .x_sum = args.x_sum + first * groups + g,
                          .x_inv = args.x_inv + first * groups + g,
                          .group_stride = groups,
                          .acc = y,
                          .acc_stride = args.y_stride});
      }
    }
  }
}

}  // namespace bitnet

#include <memory>
#include <span>

#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

// The two layouts of ternary weights differ in their bytes alone; their operands have the same names.
struct Layout {
  const char* operation;
  GgmlType type;
  size_t tile_bytes;
  size_t x_stride;
};

template <typename Args, typename Run>
auto Runner(Run* run, const Layout& layout, const GemmShape& shape, size_t batch,
            const std::shared_ptr<Int8Input>& input) {
  return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
    Args args = {};
    args.tiles = end - begin;
    args.k = shape.k;
    args.batch = batch;
    args.w = w + begin * layout.tile_bytes;
    args.x = input->x.data();
    args.x_stride = layout.x_stride;
    args.x_sum = input->sums.data();
    args.factor = input->factors.data();
    args.y = y + begin * kTernaryTileRows;
    args.y_stride = shape.rows;
    run(args);
  };
}

template <typename Args, typename Kernel, typename Run>
std::vector<GemmCase> Cases(std::span<const Kernel> kernels, Run* portable, const Layout& layout,
                            const GemmShape& shape, size_t batch, CpuFeatures have) {
  std::vector<GemmCase> cases;
  if (shape.rows % kTernaryTileRows != 0) return cases;
  const auto input = std::make_shared<Int8Input>(shape.k, layout.x_stride, 0, batch);
  for (const Kernel& kernel : kernels) {
    if (!Covers(have, kernel.needs)) continue;
    const size_t tiles = shape.rows / kTernaryTileRows;
    const uint64_t bytes = tiles * layout.tile_bytes;
    cases.push_back({.operation = layout.operation,
                     .variant = kernel.name,
                     .shape = shape,
                     .batch = batch,
                     .weight_bytes = bytes,
                     .tiles = tiles,
                     .tile_rows = kTernaryTileRows,
                     .fill =
                         [=](uint8_t* w) {
                           Random random(1);
                           FillCodes(layout.type, random, {w, bytes});
                         },
                     .run = Runner<Args>(kernel.run, layout, shape, batch, input),
                     .portable = Runner<Args>(portable, layout, shape, batch, input)});
  }
  return cases;
}

}  // namespace

std::vector<GemmCase> TernaryGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  if (shape.k % kTernaryBlockK != 0) return {};
  return Cases<TernaryGemmArgs>(TernaryGemmKernels(), TernaryGemmPortable,
                                {"TernaryGemm", GgmlType::kPacked2Bit, TernaryTileBytes(shape.k), shape.k},
                                shape, batch, have);
}

std::vector<GemmCase> Base3GemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  return Cases<Base3GemmArgs>(
      Base3GemmKernels(), Base3GemmPortable,
      {"Base3Gemm", GgmlType::kPackedBase3, Base3TileBytes(shape.k), Base3PaddedK(shape.k)}, shape, batch,
      have);
}

}  // namespace bitnet

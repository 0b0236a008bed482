#include <memory>
#include <span>

#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/panel_gemm/panel_product.h"
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
auto Runner(Run run, const Layout& layout, const GemmShape& shape, size_t batch,
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

// `run_of` makes of a kernel what takes Args.
template <typename Args, typename Kernel, typename RunOf, typename Run>
std::vector<GemmCase> Cases(std::span<const Kernel> kernels, RunOf run_of, Run* portable,
                            const Layout& layout, const GemmShape& shape, size_t batch, CpuFeatures have) {
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
                     .run = Runner<Args>(run_of(kernel), layout, shape, batch, input),
                     .portable = Runner<Args>(portable, layout, shape, batch, input)});
  }
  return cases;
}

Layout TernaryLayout(const char* operation, size_t k) {
  return {operation, GgmlType::kPacked2Bit, TernaryTileBytes(k), k};
}
Layout Base3Layout(const char* operation, size_t k) {
  return {operation, GgmlType::kPackedBase3, Base3TileBytes(k), Base3PaddedK(k)};
}

constexpr auto kRun = [](const auto& kernel) { return kernel.run; };

}  // namespace

std::vector<GemmCase> TernaryGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  if (shape.k % kTernaryBlockK != 0) return {};
  return Cases<TernaryGemmArgs>(TernaryGemmKernels(), kRun, TernaryGemmPortable,
                                TernaryLayout("TernaryGemm", shape.k), shape, batch, have);
}

std::vector<GemmCase> Base3GemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  return Cases<Base3GemmArgs>(Base3GemmKernels(), kRun, Base3GemmPortable, Base3Layout("Base3Gemm", shape.k),
                              shape, batch, have);
}

std::vector<GemmCase> TernaryPanelCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  if (shape.k % kTernaryBlockK != 0) return {};
  const auto run_of = [](const PanelGemmKernel& kernel) {
    return [&kernel](const TernaryGemmArgs& args) { TernaryPanelGemm(kernel, args); };
  };
  return Cases<TernaryGemmArgs>(PanelGemmKernels(), run_of, TernaryGemmPortable,
                                TernaryLayout("PanelGemm 2bit", shape.k), shape, batch, have);
}

std::vector<GemmCase> Base3PanelCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  const auto run_of = [](const PanelGemmKernel& kernel) {
    return [&kernel](const Base3GemmArgs& args) { Base3PanelGemm(kernel, args); };
  };
  return Cases<Base3GemmArgs>(PanelGemmKernels(), run_of, Base3GemmPortable,
                              Base3Layout("PanelGemm base3", shape.k), shape, batch, have);
}

}  // namespace bitnet

#include <memory>

#include "absl/strings/str_cat.h"
#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/grouped_gemm/grouped_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kGroup = 128;  // Bonsai's.

struct Operands {
  GroupedLayout layout;
  GemmShape shape;
  size_t batch;
  Int8Input input;

  size_t tile_bytes() const { return GroupedTileBytes(layout, shape.k); }
  size_t tile_scales() const { return shape.k / kGroup * kGroupedTileRows; }
  size_t tiles() const { return shape.rows / kGroupedTileRows; }
};

auto Runner(GroupedGemm* run, const std::shared_ptr<Operands>& o) {
  return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
    const auto* scales = reinterpret_cast<const uint16_t*>(w + o->tiles() * o->tile_bytes());
    run({.layout = o->layout,
         .tiles = end - begin,
         .k = o->shape.k,
         .group = kGroup,
         .batch = o->batch,
         .w = w + begin * o->tile_bytes(),
         .w_scale = scales + begin * o->tile_scales(),
         .x = o->input.x.data(),
         .x_stride = o->shape.k,
         .x_sum = o->input.sums.data(),
         .x_inv = o->input.factors.data(),
         .y = y + begin * kGroupedTileRows,
         .y_stride = o->shape.rows});
  };
}

}  // namespace

std::vector<GemmCase> GroupedGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  std::vector<GemmCase> cases;
  if (shape.rows % kGroupedTileRows != 0 || shape.k % kGroup != 0) return cases;
  for (const GroupedLayout layout : {GroupedLayout::k1Bit, GroupedLayout::k2Bit}) {
    const bool one_bit = layout == GroupedLayout::k1Bit;
    const auto operands = std::make_shared<Operands>(
        Operands{layout, shape, batch, Int8Input(shape.k, shape.k, kGroup, batch)});
    const uint64_t codes = operands->tiles() * operands->tile_bytes();
    const uint64_t scales = operands->tiles() * operands->tile_scales() * sizeof(uint16_t);
    for (const GroupedGemmKernel& kernel : GroupedGemmKernels()) {
      if (!Covers(have, kernel.needs)) continue;
      cases.push_back({.operation = absl::StrCat("GroupedGemm/", one_bit ? "1bit" : "2bit"),
                       .variant = kernel.name,
                       .shape = shape,
                       .batch = batch,
                       .weight_bytes = codes + scales,
                       .tiles = operands->tiles(),
                       .tile_rows = kGroupedTileRows,
                       .fill =
                           [=](uint8_t* w) {
                             Random random(1);
                             FillCodes(GgmlType::kPackedGrouped2Bit, random, {w, codes});  // Any bits.
                             FillHalfScales(0.02f, random, {w + codes, scales});
                           },
                       .run = Runner(kernel.run, operands),
                       .portable = Runner(GroupedGemmPortable, operands)});
    }
  }
  return cases;
}

}  // namespace bitnet

#include <memory>

#include "absl/strings/str_cat.h"
#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/float_gemm/float_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;  // As the engine deals them out.

auto Runner(FloatGemm* run, FloatType type, const GemmShape& shape, size_t batch,
            const std::shared_ptr<std::vector<float>>& x) {
  return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
    run({.rows = (end - begin) * kTileRows,
         .k = shape.k,
         .batch = batch,
         .w = w + begin * kTileRows * shape.k * FloatTypeBytes(type),
         .x = x->data(),
         .x_stride = shape.k,
         .y = y + begin * kTileRows,
         .y_stride = shape.rows,
         .type = type});
  };
}

// Numbers that are far from infinity in every type: two bits of the exponent are cleared.
void FillFloats(Random& random, std::span<uint8_t> bytes) {
  FillCodes(GgmlType::kPackedGrouped2Bit, random, bytes);
  for (uint8_t& byte : bytes) byte &= 0xbf;
}

}  // namespace

std::vector<GemmCase> FloatGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  constexpr FloatType kTypes[] = {FloatType::kF16, FloatType::kBf16, FloatType::kF32};
  constexpr const char* kNames[] = {"f16", "bf16", "f32"};
  std::vector<GemmCase> cases;
  if (shape.rows % kTileRows != 0) return cases;
  const auto x = std::make_shared<std::vector<float>>(FloatInput(shape.k, batch));
  for (const FloatType type : kTypes) {
    const uint64_t bytes = shape.rows * shape.k * FloatTypeBytes(type);
    for (const FloatGemmKernel& kernel : FloatGemmKernels()) {
      if (!Covers(have, kernel.needs)) continue;
      cases.push_back({.operation = absl::StrCat("FloatGemm/", kNames[static_cast<size_t>(type)]),
                       .variant = kernel.name,
                       .shape = shape,
                       .batch = batch,
                       .weight_bytes = bytes,
                       .tiles = shape.rows / kTileRows,
                       .tile_rows = kTileRows,
                       .fill =
                           [=](uint8_t* w) {
                             Random random(1);
                             FillFloats(random, {w, bytes});
                           },
                       .run = Runner(kernel.run, type, shape, batch, x),
                       .portable = Runner(FloatGemmPortable, type, shape, batch, x)});
    }
  }
  return cases;
}

}  // namespace bitnet

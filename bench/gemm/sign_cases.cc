#include <memory>
#include <span>

#include "bench/gemm/gemm_case.h"
#include "bench/gemm/inputs.h"
#include "kernels/sign_gemm/sign_gemm.h"

namespace bitnet {
namespace {

struct Operands {
  GemmShape shape;
  size_t batch;
  PlaneInput planes;
  std::vector<float> floats;

  size_t tiles() const { return shape.rows / kSignTileRows; }
  uint64_t code_bytes() const { return tiles() * SignTileBytes(shape.k); }
  uint64_t scale_bytes() const { return shape.rows * sizeof(float); }
};

using Shared = std::shared_ptr<Operands>;

// What both kinds of operands have.
template <typename Args>
Args Common(const Operands& o, const uint8_t* w, size_t begin, size_t end, float* y) {
  Args args = {};
  args.tiles = end - begin;
  args.k = o.shape.k;
  args.batch = o.batch;
  args.w = w + begin * SignTileBytes(o.shape.k);
  args.row_scale = reinterpret_cast<const float*>(w + o.code_bytes()) + begin * kSignTileRows;
  args.y = y + begin * kSignTileRows;
  args.y_stride = o.shape.rows;
  return args;
}

auto BitsRunner(SignBinaryGemm* run, const Shared& o) {
  return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
    auto args = Common<SignGemmArgs>(*o, w, begin, end, y);
    args.plus = o->planes.plus.data();
    args.minus = o->planes.minus.data();
    args.x_stride = o->shape.k / 64;
    args.nonzero = o->planes.nonzero.data();
    args.x_scale = o->planes.scales.data();
    run(args);
  };
}

auto FloatRunner(SignFloatGemm* run, const Shared& o) {
  return [=](const uint8_t* w, size_t begin, size_t end, float* y) {
    auto args = Common<SignFloatGemmArgs>(*o, w, begin, end, y);
    args.x = o->floats.data();
    args.x_stride = o->shape.k;
    run(args);
  };
}

template <typename Kernel, typename Run>
void AddCases(const char* operation, std::span<const Kernel> kernels, Run* portable, auto runner,
              const Shared& o, CpuFeatures have, std::vector<GemmCase>& cases) {
  for (const Kernel& kernel : kernels) {
    if (!Covers(have, kernel.needs)) continue;
    cases.push_back({.operation = operation,
                     .variant = kernel.name,
                     .shape = o->shape,
                     .batch = o->batch,
                     .weight_bytes = o->code_bytes() + o->scale_bytes(),
                     .tiles = o->tiles(),
                     .tile_rows = kSignTileRows,
                     .fill =
                         [o](uint8_t* w) {
                           Random random(1);
                           FillCodes(GgmlType::kQ1K, random, {w, o->code_bytes()});
                           FillFloatScales(0.02f, random, {w + o->code_bytes(), o->scale_bytes()});
                         },
                     .run = runner(kernel.run, o),
                     .portable = runner(portable, o)});
  }
}

}  // namespace

std::vector<GemmCase> SignGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have) {
  std::vector<GemmCase> cases;
  if (shape.rows % kSignTileRows != 0 || shape.k % kSignBlockK != 0) return cases;
  const auto o = std::make_shared<Operands>(
      Operands{shape, batch, PlaneInput(shape.k, batch), FloatInput(shape.k, batch)});
  AddCases("SignBinaryGemm", SignBinaryGemmKernels(), SignBinaryGemmPortable, BitsRunner, o, have, cases);
  AddCases("SignTernaryGemm", SignTernaryGemmKernels(), SignTernaryGemmPortable, BitsRunner, o, have, cases);
  AddCases("SignFloatGemm", SignFloatGemmKernels(), SignFloatGemmPortable, FloatRunner, o, have, cases);
  return cases;
}

}  // namespace bitnet

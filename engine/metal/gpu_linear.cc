#include "engine/metal/gpu_linear.h"

#include <cassert>

#include "engine/metal/grid.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

bool IsBase3(const Matrix& matrix) { return matrix.layout == MatrixLayout::kTernaryBase3; }

uint32_t FloatTypeNumber(MatrixLayout layout) {
  return layout == MatrixLayout::kFloat16   ? gpu::kWeightF16
         : layout == MatrixLayout::kFloat32 ? gpu::kWeightF32
                                            : gpu::kWeightBf16;
}

// Threadgroups that have `tiles` tiles of one matrix each.
uint32_t CountGroups(std::span<const GpuProduct> products, size_t tiles) {
  uint32_t groups = 0;
  for (const GpuProduct& product : products) groups += NumPieces(product.matrix->tiles(), tiles);
  return groups;
}

}  // namespace

GpuLinear::GpuLinear(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands)
    : norm_eps_(norm_eps),
      q_stride_(Base3PaddedK(max_k)),
      memory_(memory),
      commands_(commands),
      q_(max_batch * q_stride_, memory),
      scale_(max_batch, memory),
      sum_(max_batch, memory) {}

gpu::RowArguments GpuLinear::RowArgumentsOf(const GpuPreparation& p, size_t y_stride) const {
  return {.n = U32(p.n),
          .padded_n = U32(Base3PaddedK(p.n)),
          .group = 0,
          .adds = p.addend.data != nullptr ? 1u : 0u,
          .norms = p.weight != nullptr ? 1u : 0u,
          .x_stride = U32(p.x.stride),
          .addend_stride = U32(p.addend.stride),
          .q_stride = U32(y_stride),
          .eps = norm_eps_};
}

void GpuLinear::Quantize(const GpuPreparation& p, size_t batch) {
  commands_->Add(MetalKernel::kNormQuantize, {U32(batch), 1, 1},
                 {p.x.data, p.addend.data, p.weight, q_.data(), scale_.data(), sum_.data()},
                 RowArgumentsOf(p, q_stride_));
}

void GpuLinear::Norm(const GpuPreparation& p, GpuRows y, size_t batch) {
  commands_->Add(MetalKernel::kNormRow, {U32(batch), 1, 1}, {p.x.data, p.addend.data, p.weight, y.data},
                 RowArgumentsOf(p, y.stride));
}

gpu::ProductArguments GpuLinear::ArgumentsOf(std::span<const GpuProduct> products, const float* y,
                                             size_t batch) const {
  gpu::ProductArguments arguments = {.k = U32(products[0].matrix->k),
                                     .x_stride = U32(q_stride_),
                                     .batch = U32(batch),
                                     .group = 0,
                                     .activation = 0,
                                     .num_projections = U32(products.size()),
                                     .projections = {}};
  for (size_t i = 0; i < products.size(); ++i) {
    const GpuProduct& product = products[i];
    arguments.projections[i] = {.w = memory_.RangeOf(product.matrix->codes).offset,
                                .w_scale = 0,
                                .y = static_cast<uint64_t>(product.y.data - y),
                                .tiles = U32(product.matrix->tiles()),
                                .y_stride = U32(product.y.stride),
                                .scale = product.matrix->scale,
                                .unused = 0};
  }
  return arguments;
}

size_t GpuLinear::CountTogether(std::span<const GpuProduct> products) const {
  const Matrix& first = *products[0].matrix;
  size_t n = 1;
  while (n < products.size() && products[n].matrix->layout == first.layout &&
         memory_.RangeOf(products[n].matrix->codes).buffer == memory_.RangeOf(first.codes).buffer) {
    ++n;
  }
  return n;
}

void GpuLinear::AddProducts(MetalKernel kernel, const std::array<uint32_t, 3>& threadgroups,
                            const Matrix& first, float* y, const gpu::ProductArguments& arguments) {
  // Projections count from where their buffer begins.
  const std::byte* w = memory_.BeginOf(memory_.RangeOf(first.codes).buffer);
  commands_->Add(kernel, threadgroups, {w, q_.data(), sum_.data(), scale_.data(), y}, arguments);
}

void GpuLinear::Multiply(std::span<const GpuProduct> products, float* y, size_t batch) {
  while (!products.empty()) {
    const std::span<const GpuProduct> together = products.first(CountTogether(products));
    const Matrix& first = *together[0].matrix;
    const bool gemm = batch >= kGemmMinBatch;
    const MetalKernel kernel = IsBase3(first)
                                   ? (gemm ? MetalKernel::kBase3Gemm : MetalKernel::kBase3Gemv)
                                   : (gemm ? MetalKernel::kTernaryGemm : MetalKernel::kTernaryGemv);
    const uint32_t groups = CountGroups(together, gemm ? gpu::kGemmTiles : gpu::kGemvTiles);
    const uint32_t columns = gemm ? NumPieces(batch, gpu::kGemmColumns) : U32(batch);
    AddProducts(kernel, {groups, columns, 1}, first, y, ArgumentsOf(together, y, batch));
    products = products.subspan(together.size());
  }
}

void GpuLinear::MultiplyGated(const GpuProduct& gate, const GpuProduct& up, float* y,
                              FfnActivation activation, size_t batch) {
  const GpuProduct both[] = {gate, up};
  const uint32_t number = activation == FfnActivation::kSilu ? gpu::kSilu : gpu::kSquaredRelu;
  if (batch < kGemmMinBatch && CountTogether(both) == 2) {
    gpu::ProductArguments arguments = ArgumentsOf(both, y, batch);
    arguments.activation = number;
    AddProducts(IsBase3(*gate.matrix) ? MetalKernel::kBase3GatedGemv : MetalKernel::kTernaryGatedGemv,
                {U32(gate.matrix->tiles()), U32(batch), 1}, *gate.matrix, y, arguments);
    return;
  }
  Multiply(both, y, batch);
  // Of all tokens in one: what fills up their tiles is not used.
  const size_t n = batch * gate.y.stride;
  commands_->Add(MetalKernel::kGateRows, {NumPieces(n, gpu::kSimdLanes), 1, 1}, {gate.y.data, up.y.data},
                 gpu::GateArguments{.n = U32(n), .activation = number});
}

void GpuLinear::MultiplyInt6(const Matrix& head, GpuRows y, size_t batch) {
  // Behind the codes of all tiles.
  const uint8_t* scales = head.codes + head.tiles() * Int6TileBytes(head.k);
  commands_->Add(MetalKernel::kInt6Gemv, {U32(head.tiles()), U32(batch), 1},
                 {head.codes, scales, head.scales, q_.data(), scale_.data(), y.data},
                 gpu::HeadArguments{.rows = U32(head.rows),
                                    .k = U32(head.k),
                                    .type = 0,
                                    .x_stride = U32(q_stride_),
                                    .y_stride = U32(y.stride),
                                    .scale = head.scale});
}

void GpuLinear::MultiplyFloats(const Matrix& head, GpuRows x, GpuRows y, size_t batch) {
  commands_->Add(MetalKernel::kFloatGemv, {NumPieces(head.rows, 2 * gpu::kHeadSimdgroups), U32(batch), 1},
                 {head.codes, x.data, y.data},
                 gpu::HeadArguments{.rows = U32(head.rows),
                                    .k = U32(head.k),
                                    .type = FloatTypeNumber(head.layout),
                                    .x_stride = U32(x.stride),
                                    .y_stride = U32(y.stride),
                                    .scale = head.scale});
}

}  // namespace bitnet

#include "engine/metal/gpu_linear.h"

#include <cassert>

#include "engine/metal/grid.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

// Of layouts whose tiles are 16 rows of 32-bit words.
struct TileKernels {
  MatrixLayout layout;
  MetalKernel gemv, gemm;
};

constexpr TileKernels kTileKernels[] = {
    {MatrixLayout::kTernary2Bit, MetalKernel::kTernaryGemv, MetalKernel::kTernaryGemm},
    {MatrixLayout::kTernaryBase3, MetalKernel::kBase3Gemv, MetalKernel::kBase3Gemm},
    {MatrixLayout::kGrouped1Bit, MetalKernel::kGrouped1BitGemv, MetalKernel::kGrouped1BitGemm},
    {MatrixLayout::kGrouped2Bit, MetalKernel::kGrouped2BitGemv, MetalKernel::kGrouped2BitGemm},
};

const TileKernels& KernelsOf(MatrixLayout layout) {
  const TileKernels* kernels = kTileKernels;
  while (kernels->layout != layout) ++kernels;
  return *kernels;
}

bool HasGroups(const Matrix& matrix) { return matrix.activations == ActivationFormat::kInt8Group; }

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

// Products from the first one on that want the same input.
size_t CountAlike(std::span<const GpuProduct> products) {
  size_t n = 1;
  while (n < products.size() && GpuInput::IsAlike(*products[n].matrix, *products[0].matrix)) ++n;
  return n;
}

}  // namespace

GpuLinear::GpuLinear(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands)
    : memory_(memory), commands_(commands), input_(max_batch, max_k, norm_eps, memory, commands) {}

void GpuLinear::Multiply(GpuPreparation rows, std::span<const GpuProduct> products, float* y, size_t batch) {
  while (!products.empty()) {
    const std::span<const GpuProduct> alike = products.first(CountAlike(products));
    input_.Set(rows, *alike[0].matrix, batch);
    rows.addend = {};  // Is in x by now.
    MultiplyInput(alike, y, batch);
    products = products.subspan(alike.size());
  }
}

void GpuLinear::MultiplyGated(const GpuPreparation& rows, const GpuProduct& gate, const GpuProduct& up,
                              float* y, FfnActivation activation, size_t batch) {
  const GpuProduct both[] = {gate, up};
  const MatrixLayout layout = gate.matrix->layout;
  const uint32_t number = activation == FfnActivation::kSilu ? gpu::kSilu : gpu::kSquaredRelu;
  const bool ternary = layout == MatrixLayout::kTernary2Bit || layout == MatrixLayout::kTernaryBase3;
  if (ternary && batch < kGemmMinBatch && CountTogether(both) == 2) {
    input_.Set(rows, *gate.matrix, batch);
    gpu::ProductArguments arguments = ArgumentsOf(both, y, batch);
    arguments.activation = number;
    AddProducts(
        layout == MatrixLayout::kTernaryBase3 ? MetalKernel::kBase3GatedGemv : MetalKernel::kTernaryGatedGemv,
        {U32(gate.matrix->tiles()), U32(batch), 1}, *gate.matrix, y, arguments);
    return;
  }
  Multiply(rows, both, y, batch);
  // Of all tokens in one: what fills up their tiles is not used.
  const size_t n = batch * gate.y.stride;
  commands_->Add(MetalKernel::kGateRows, {NumPieces(n, gpu::kSimdLanes), 1, 1}, {gate.y.data, up.y.data},
                 gpu::GateArguments{.n = U32(n), .activation = number});
}

void GpuLinear::MultiplyInput(std::span<const GpuProduct> products, float* y, size_t batch) {
  while (!products.empty()) {
    size_t done = 1;
    switch (products[0].matrix->layout) {
      case MatrixLayout::kTernary2Bit:
      case MatrixLayout::kTernaryBase3:
      case MatrixLayout::kGrouped1Bit:
      case MatrixLayout::kGrouped2Bit:
        done = CountTogether(products);
        MultiplyTiles(products.first(done), y, batch);
        break;
      case MatrixLayout::kSign:
        MultiplySigns(products[0], batch);
        break;
      case MatrixLayout::kInt6:
        MultiplyInt6(products[0], batch);
        break;
      case MatrixLayout::kFloat16:
      case MatrixLayout::kBFloat16:
      case MatrixLayout::kFloat32:
        MultiplyFloats(products[0], batch);
        break;
    }
    products = products.subspan(done);
  }
}

void GpuLinear::MultiplyTiles(std::span<const GpuProduct> products, float* y, size_t batch) {
  const Matrix& first = *products[0].matrix;
  const TileKernels& kernels = KernelsOf(first.layout);
  const bool gemm = batch >= kGemmMinBatch;
  const uint32_t groups = CountGroups(products, gemm ? gpu::kGemmTiles : gpu::kGemvTiles);
  const uint32_t columns = gemm ? NumPieces(batch, gpu::kGemmColumns) : U32(batch);
  AddProducts(gemm ? kernels.gemm : kernels.gemv, {groups, columns, 1}, first, y,
              ArgumentsOf(products, y, batch));
}

gpu::ProductArguments GpuLinear::ArgumentsOf(std::span<const GpuProduct> products, const float* y,
                                             size_t batch) const {
  const Matrix& first = *products[0].matrix;
  gpu::ProductArguments arguments = {.k = U32(first.k),
                                     .x_stride = U32(input_.int8_stride()),
                                     .batch = U32(batch),
                                     .group = HasGroups(first) ? U32(first.group) : 0,
                                     .activation = 0,
                                     .num_projections = U32(products.size()),
                                     .projections = {}};
  for (size_t i = 0; i < products.size(); ++i) {
    const GpuProduct& product = products[i];
    const Matrix& matrix = *product.matrix;
    arguments.projections[i] = {
        .w = memory_.RangeOf(matrix.codes).offset,
        .w_scale = HasGroups(matrix) ? memory_.RangeOf(matrix.scales).offset / sizeof(uint16_t) : 0,
        .y = static_cast<uint64_t>(product.y.data - y),
        .tiles = U32(matrix.tiles()),
        .y_stride = U32(product.y.stride),
        .scale = matrix.scale,
        .unused = 0};
  }
  return arguments;
}

size_t GpuLinear::CountTogether(std::span<const GpuProduct> products) const {
  const Matrix& first = *products[0].matrix;
  // Scales lie behind the codes, and so in the same buffer.
  const uint32_t buffer = memory_.RangeOf(first.codes).buffer;
  size_t n = 1;
  while (n < products.size() && products[n].matrix->layout == first.layout &&
         memory_.RangeOf(products[n].matrix->codes).buffer == buffer) {
    ++n;
  }
  return n;
}

void GpuLinear::AddProducts(MetalKernel kernel, const std::array<uint32_t, 3>& threadgroups,
                            const Matrix& first, float* y, const gpu::ProductArguments& arguments) {
  // Projections count from where their buffer begins.
  const std::byte* w = memory_.BeginOf(memory_.RangeOf(first.codes).buffer);
  if (HasGroups(first)) {
    commands_->Add(kernel, threadgroups, {w, w, input_.int8(), input_.sums(), input_.scales(), y}, arguments);
  } else {
    commands_->Add(kernel, threadgroups, {w, input_.int8(), input_.sums(), input_.scales(), y}, arguments);
  }
}

void GpuLinear::MultiplySigns(const GpuProduct& product, size_t batch) {
  const Matrix& matrix = *product.matrix;
  const std::array<uint32_t, 3> groups = {NumPieces(matrix.rows, gpu::kSignRows), U32(batch), 1};
  const gpu::SignArguments arguments = {.k = U32(matrix.k),
                                        .x_stride = U32(input_.floats().stride),
                                        .y_stride = U32(product.y.stride),
                                        .scale = matrix.scale};
  if (matrix.activations == ActivationFormat::kBinary) {
    commands_->Add(MetalKernel::kSignBinaryGemv, groups,
                   {matrix.codes, matrix.scales, input_.plus(), input_.scales(), product.y.data}, arguments);
  } else if (matrix.activations == ActivationFormat::kTernary) {
    commands_->Add(MetalKernel::kSignTernaryGemv, groups,
                   {matrix.codes, matrix.scales, input_.plus(), input_.minus(), input_.sums(),
                    input_.scales(), product.y.data},
                   arguments);
  } else {
    commands_->Add(MetalKernel::kSignFloatGemv, groups,
                   {matrix.codes, matrix.scales, input_.floats().data, product.y.data}, arguments);
  }
}

void GpuLinear::MultiplyInt6(const GpuProduct& product, size_t batch) {
  const Matrix& matrix = *product.matrix;
  // Behind the codes of all tiles.
  const uint8_t* scales = matrix.codes + matrix.tiles() * Int6TileBytes(matrix.k);
  commands_->Add(MetalKernel::kInt6Gemv, {U32(matrix.tiles()), U32(batch), 1},
                 {matrix.codes, scales, matrix.scales, input_.int8(), input_.scales(), product.y.data},
                 gpu::HeadArguments{.rows = U32(matrix.rows),
                                    .k = U32(matrix.k),
                                    .type = 0,
                                    .x_stride = U32(input_.int8_stride()),
                                    .y_stride = U32(product.y.stride),
                                    .scale = matrix.scale});
}

void GpuLinear::MultiplyFloats(const GpuProduct& product, size_t batch) {
  const Matrix& matrix = *product.matrix;
  commands_->Add(MetalKernel::kFloatGemv, {NumPieces(matrix.rows, 2 * gpu::kHeadSimdgroups), U32(batch), 1},
                 {matrix.codes, input_.floats().data, product.y.data},
                 gpu::HeadArguments{.rows = U32(matrix.rows),
                                    .k = U32(matrix.k),
                                    .type = FloatTypeNumber(matrix.layout),
                                    .x_stride = U32(input_.floats().stride),
                                    .y_stride = U32(product.y.stride),
                                    .scale = matrix.scale});
}

}  // namespace bitnet

#include "engine/metal/gpu_input.h"

#include "engine/metal/grid.h"
#include "engine/transformer/linear_input.h"
#include "kernels/base3_gemm/base3_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kWordBits = 32;

}  // namespace

GpuInput::GpuInput(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands)
    : max_k_(max_k),
      int8_stride_(Base3PaddedK(max_k)),
      norm_eps_(norm_eps),
      commands_(commands),
      floats_(max_batch * max_k, memory),
      int8_(max_batch * int8_stride_, memory),
      scales_(max_batch * NumPieces(max_k, kMinActivationGroup), memory),
      sums_(scales_.size(), memory),
      plus_(max_batch * NumPieces(max_k, kWordBits), memory),
      minus_(plus_.size(), memory) {}

bool GpuInput::IsAlike(const Matrix& a, const Matrix& b) {
  const bool has_groups = a.activations == ActivationFormat::kInt8Group;
  return a.activations == b.activations && a.k == b.k && (!has_groups || a.group == b.group);
}

void GpuInput::Set(const GpuPreparation& p, const Matrix& matrix, size_t batch) {
  if (matrix.activations == ActivationFormat::kInt8Token) {
    commands_->Add(MetalKernel::kNormQuantize, {U32(batch), 1, 1},
                   {p.x.data, p.addend.data, p.weight, int8_.data(), scales_.data(), sums_.data()},
                   ArgumentsOf(p, int8_stride_));
    return;
  }
  rows_ = p.x;
  if (p.addend.data != nullptr || p.weight != nullptr) Norm(p, batch);
  if (matrix.activations != ActivationFormat::kFloat) Round(matrix, batch);
}

void GpuInput::Norm(const GpuPreparation& p, size_t batch) {
  rows_ = {floats_.data(), max_k_};
  commands_->Add(MetalKernel::kNormRow, {U32(batch), 1, 1}, {p.x.data, p.addend.data, p.weight, rows_.data},
                 ArgumentsOf(p, rows_.stride));
}

void GpuInput::Round(const Matrix& matrix, size_t batch) {
  const std::array<uint32_t, 3> groups = {U32(batch), 1, 1};
  gpu::RowArguments arguments = ArgumentsOf({.x = rows_, .n = matrix.k}, int8_stride_);
  switch (matrix.activations) {
    case ActivationFormat::kInt8Group:
      arguments.group = U32(matrix.group);
      commands_->Add(MetalKernel::kQuantizeGroups, groups,
                     {rows_.data, int8_.data(), scales_.data(), sums_.data()}, arguments);
      break;
    case ActivationFormat::kBinary:
      commands_->Add(MetalKernel::kQuantizeBinary, groups, {rows_.data, plus_.data(), scales_.data()},
                     arguments);
      break;
    case ActivationFormat::kTernary:
      commands_->Add(MetalKernel::kQuantizeTernary, groups,
                     {rows_.data, plus_.data(), minus_.data(), scales_.data(), sums_.data()}, arguments);
      break;
    case ActivationFormat::kBFloat16:
      arguments.q_stride = U32(max_k_);
      commands_->Add(MetalKernel::kRoundToBf16, groups, {rows_.data, floats_.data()}, arguments);
      rows_ = {floats_.data(), max_k_};
      break;
    case ActivationFormat::kFloat:
    case ActivationFormat::kInt8Token:
      break;  // Not rounded; rounded with the norm.
  }
}

gpu::RowArguments GpuInput::ArgumentsOf(const GpuPreparation& p, size_t y_stride) const {
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

}  // namespace bitnet

// Rows made int8 and multiplied, as dispatches: LinearLayer's job on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_commands.h"
#include "engine/model/model_config.h"
#include "engine/weights/matrix.h"

namespace bitnet {

// Floats, a row for each token.
struct GpuRows {
  float* data = nullptr;
  size_t stride = 0;
};

// What happens to rows before they are used.
struct GpuPreparation {
  GpuRows x;
  GpuRows addend = {};            // Added to x, in place, if there is one.
  const float* weight = nullptr;  // [n], of an RMSNorm; null: none. Shared.
  size_t n = 0;
};

struct GpuProduct {
  const Matrix* matrix;
  GpuRows y;  // In the array that all products of a call share.
};

class GpuLinear {
 public:
  // From so many columns on the matrix units are worth their start: fewer would leave most of a tile's 32
  // empty.
  static constexpr size_t kGemmMinBatch = 8;

  // Both outlive this.
  GpuLinear(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands);

  // The first `batch` rows become the int8 input of the products that follow.
  void Quantize(const GpuPreparation& preparation, size_t batch);
  // And here the normed rows become y.
  void Norm(const GpuPreparation& preparation, GpuRows y, size_t batch);

  // Products of the input with several matrices, whose results lie in the array that begins at `y`.
  void Multiply(std::span<const GpuProduct> products, float* y, size_t batch);
  // gate.y = activation(gate's product, up's product); up.y is overwritten.
  void MultiplyGated(const GpuProduct& gate, const GpuProduct& up, float* y, FfnActivation activation,
                     size_t batch);
  // A head of 6 bits times the input; one of floats times x.
  void MultiplyInt6(const Matrix& head, GpuRows y, size_t batch);
  void MultiplyFloats(const Matrix& head, GpuRows x, GpuRows y, size_t batch);

 private:
  gpu::RowArguments RowArgumentsOf(const GpuPreparation& preparation, size_t y_stride) const;
  gpu::ProductArguments ArgumentsOf(std::span<const GpuProduct> products, const float* y, size_t batch) const;
  // How many of the products one dispatch can compute: of one layout, in one buffer.
  size_t CountTogether(std::span<const GpuProduct> products) const;
  void AddProducts(MetalKernel kernel, const std::array<uint32_t, 3>& threadgroups, const Matrix& first,
                   float* y, const gpu::ProductArguments& arguments);

  const float norm_eps_;
  const size_t q_stride_;
  const GpuMemory& memory_;
  GpuCommands* const commands_;
  GpuArray<int8_t> q_;     // [max_batch, q_stride]
  GpuArray<float> scale_;  // [max_batch]
  GpuArray<int32_t> sum_;  // [max_batch]
};

}  // namespace bitnet

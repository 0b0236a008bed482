// Linear layers and output heads, as dispatches: LinearLayer's job on a GPU.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/metal/gpu_commands.h"
#include "engine/metal/gpu_input.h"
#include "engine/model/model_config.h"
#include "engine/weights/matrix.h"

namespace bitnet {

struct GpuProduct {
  const Matrix* matrix;
  GpuRows y;  // In the array that all products of a call share.
};

class GpuLinear {
 public:
  // From so many columns on the matrix units are worth their start: fewer would leave most of a tile's 32
  // empty.
  static constexpr size_t kGemmMinBatch = 8;

  // Dispatches of one product at most, with those that make its input.
  static constexpr size_t kMaxDispatches = 3;

  // Both outlive this.
  GpuLinear(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands);

  // Products of the first `batch` rows with several matrices, whose results lie in the array that begins at
  // `y`. Matrices that want the same input share it.
  void Multiply(GpuPreparation rows, std::span<const GpuProduct> products, float* y, size_t batch);
  // gate.y = activation(gate's product, up's product); up.y is overwritten.
  void MultiplyGated(const GpuPreparation& rows, const GpuProduct& gate, const GpuProduct& up, float* y,
                     FfnActivation activation, size_t batch);

 private:
  // The input is as all of them want it.
  void MultiplyInput(std::span<const GpuProduct> products, float* y, size_t batch);
  void MultiplyTiles(std::span<const GpuProduct> products, float* y, size_t batch);
  void MultiplySigns(const GpuProduct& product, size_t batch);
  void MultiplyInt6(const GpuProduct& product, size_t batch);
  void MultiplyFloats(const GpuProduct& product, size_t batch);
  gpu::ProductArguments ArgumentsOf(std::span<const GpuProduct> products, const float* y, size_t batch) const;
  // How many of the products one dispatch can compute: of one layout, in one buffer.
  size_t CountTogether(std::span<const GpuProduct> products) const;
  void AddProducts(MetalKernel kernel, const std::array<uint32_t, 3>& threadgroups, const Matrix& first,
                   float* y, const gpu::ProductArguments& arguments);

  const GpuMemory& memory_;
  GpuCommands* const commands_;
  GpuInput input_;
};

}  // namespace bitnet

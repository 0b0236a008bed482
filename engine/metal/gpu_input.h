// Rows as matrices want them, as dispatches: LinearInput's job on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_commands.h"
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

// Rows for up to max_batch tokens, of any n up to max_k. All are as the last Set has made them.
class GpuInput {
 public:
  // Both outlive this.
  GpuInput(size_t max_batch, size_t max_k, float norm_eps, GpuMemory& memory, GpuCommands* commands);

  // The first `batch` rows, added and normed, in the format that `matrix` is multiplied with.
  void Set(const GpuPreparation& preparation, const Matrix& matrix, size_t batch);
  // Whether one Set serves both.
  static bool IsAlike(const Matrix& a, const Matrix& b);

  // Of the format that the matrix has; [batch, ...] as LinearInput has them.
  GpuRows floats() const { return rows_; }                 // kFloat, kBFloat16
  const int8_t* int8() const { return int8_.data(); }      // kInt8Token, kInt8Group
  const int32_t* sums() const { return sums_.data(); }     // Likewise; kTernary: trits that are not 0
  const float* scales() const { return scales_.data(); }   // All but kFloat and kBFloat16; inverses of groups
  const uint32_t* plus() const { return plus_.data(); }    // kBinary, kTernary
  const uint32_t* minus() const { return minus_.data(); }  // kTernary
  // Zeros fill an int8 row up to a multiple of 20, as kernels/base3_gemm wants.
  size_t int8_stride() const { return int8_stride_; }

 private:
  gpu::RowArguments ArgumentsOf(const GpuPreparation& preparation, size_t y_stride) const;
  // rows_ become what is added and normed.
  void Norm(const GpuPreparation& preparation, size_t batch);
  // And these are rounded.
  void Round(const Matrix& matrix, size_t batch);

  const size_t max_k_;
  const size_t int8_stride_;
  const float norm_eps_;
  GpuCommands* const commands_;
  GpuRows rows_;
  GpuArray<float> floats_;
  GpuArray<int8_t> int8_;
  GpuArray<float> scales_;
  GpuArray<int32_t> sums_;
  GpuArray<uint32_t> plus_;
  GpuArray<uint32_t> minus_;
};

}  // namespace bitnet

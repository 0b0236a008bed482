// The inputs of a batch as matrices want them: transformed, and rounded to what the model was trained with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/aligned_buffer.h"
#include "engine/transformer/kernel_set.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// The smallest group of activations there is: half of what the 1-bit layout allows, as the 2-bit one does.
inline constexpr size_t kMinActivationGroup = 16;

// What a matrix asks of its input. Matrices with equal ones share it.
struct InputSpec {
  ActivationFormat format = ActivationFormat::kFloat;
  size_t k = 0;
  size_t group = 0;             // Of kInt8Group; of kInt8Token, whose sums of so many are wanted.
  const float* norm = nullptr;  // [k] weight of an RMSNorm; null: none.
  size_t hadamard_block = 0;    // 0: none.

  static InputSpec Of(const Linear& linear) {
    return {.format = linear.matrix.activations,
            .k = linear.matrix.k,
            .group = linear.matrix.group,
            .norm = linear.input_norm.empty() ? nullptr : linear.input_norm.data(),
            .hadamard_block = linear.hadamard_block};
  }
  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

// Rows for up to max_batch tokens, of any k up to max_k. All have the spec of the last Begin.
class LinearInput {
 public:
  LinearInput(size_t max_batch, size_t max_k);

  void Begin(const InputSpec& spec, float norm_eps);
  // Prepares row b from x [k]. Different rows may be set concurrently.
  void Set(const KernelSet& kernels, const float* x, size_t b);

  const InputSpec& spec() const { return spec_; }

  // Of the format that the spec says; [batch, ...] with the strides below.
  const float* floats() const { return floats_.data(); }  // kFloat, kBFloat16
  const int8_t* int8() const { return int8_.data(); }     // kInt8Token, kInt8Group
  const int32_t* sums() const {
    return sums_.data();
  }  // [batch] of tokens, [batch, groups] of groups; kTernary: trits that are not 0
  // [batch, groups] of kInt8Token with groups: -8 times their sums, as kernels/int6_gemm wants them.
  const int16_t* minus8() const { return minus8_.data(); }
  float scale(size_t b) const { return scales_[b]; }          // kInt8Token: q = x * scale
  const float* inverses() const { return scales_.data(); }    // kInt8Group: [batch, groups] x = q * inverse
  const uint64_t* plus() const { return plus_.data(); }       // kBinary: signs; kTernary: where +1
  const uint64_t* minus() const { return minus_.data(); }     // kTernary: where -1
  const float* amplitudes() const { return scales_.data(); }  // kBinary, kTernary: [batch]

  size_t float_stride() const { return max_k_; }
  // Zeros fill an int8 row up to a multiple of 20, as kernels/base3_gemm wants.
  size_t int8_stride() const { return int8_stride_; }
  size_t groups() const { return spec_.k / spec_.group; }
  size_t words() const { return spec_.k / 64; }

 private:
  void SetInt8(const KernelSet& kernels, const float* x, size_t b);

  const size_t max_k_;
  const size_t int8_stride_;
  InputSpec spec_;
  float norm_eps_ = 0;
  AlignedBuffer<float> floats_;
  AlignedBuffer<int8_t> int8_;
  AlignedBuffer<float> scales_;
  AlignedBuffer<int32_t> sums_;
  AlignedBuffer<int16_t> minus8_;
  AlignedBuffer<uint64_t> plus_;
  AlignedBuffer<uint64_t> minus_;
};

}  // namespace bitnet

#include "engine/transformer/linear_input.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/hadamard/hadamard.h"

namespace bitnet {

LinearInput::LinearInput(size_t max_batch, size_t max_k)
    : max_k_(max_k),
      int8_stride_(Base3PaddedK(max_k)),
      floats_(max_batch * max_k),
      int8_(max_batch * int8_stride_),
      scales_(max_batch * std::max<size_t>(1, max_k / kMinActivationGroup)),
      sums_(scales_.size()),
      minus8_(max_batch * (max_k / kMinActivationGroup)),
      plus_(max_batch * (max_k + 63) / 64),
      minus_(plus_.size()) {}

void LinearInput::Begin(const InputSpec& spec, float norm_eps) {
  assert(spec.k <= max_k_);
  spec_ = spec;
  norm_eps_ = norm_eps;
}

void LinearInput::Set(const KernelSet& kernels, const float* x, size_t b) {
  const size_t k = spec_.k;
  float* floats = floats_.data() + b * max_k_;
  if (spec_.norm != nullptr) {
    kernels.rms_norm(k, x, spec_.norm, norm_eps_, floats);
    x = floats;
  }
  if (spec_.hadamard_block != 0) {
    if (x != floats) {
      std::copy_n(x, k, floats);
    }
    Hadamard(k, spec_.hadamard_block, nullptr, floats);
    x = floats;
  }
  switch (spec_.format) {
    case ActivationFormat::kFloat:
      if (x != floats) {
        std::copy_n(x, k, floats);
      }
      break;
    case ActivationFormat::kInt8Token:
    case ActivationFormat::kInt8Group:
      SetInt8(kernels, x, b);
      break;
    case ActivationFormat::kBinary:
      scales_[b] = kernels.quantize_binary(k, x, plus_.data() + b * words());
      break;
    case ActivationFormat::kTernary: {
      const TernaryRow row =
          kernels.quantize_ternary(k, x, plus_.data() + b * words(), minus_.data() + b * words());
      scales_[b] = row.scale;
      sums_[b] = row.nonzero;
      break;
    }
    case ActivationFormat::kBFloat16:
      kernels.round_to_bf16(k, x, floats);
      break;
  }
}

void LinearInput::SetInt8(const KernelSet& kernels, const float* x, size_t b) {
  const size_t k = spec_.k;
  int8_t* q = int8_.data() + b * int8_stride_;
  if (spec_.format == ActivationFormat::kInt8Group) {
    kernels.quantize_groups(k, spec_.group, x, q, scales_.data() + b * groups(), sums_.data() + b * groups());
    return;
  }
  const QuantizedRow row = kernels.quantize(k, x, q);
  scales_[b] = row.scale;
  sums_[b] = row.sum;
  std::fill(q + k, q + Base3PaddedK(k), int8_t{0});
  if (spec_.group != 0) {
    int16_t* minus8 = minus8_.data() + b * groups();
    for (size_t g = 0; g < groups(); ++g) {
      minus8[g] =
          static_cast<int16_t>(-8 * std::accumulate(q + g * spec_.group, q + (g + 1) * spec_.group, 0));
    }
  }
}

}  // namespace bitnet

#include "engine/metal/gpu_support.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/metal/arguments.h"

namespace bitnet {
namespace {

absl::Status CheckLinear(const Linear& linear, const char* name, size_t layer) {
  const Matrix& matrix = linear.matrix;
  const auto unsupported = [&](const char* what) {
    return absl::UnimplementedError(
        absl::StrCat("Metal: ", name, " of layer ", layer, " ", what, ": there is no kernel for it"));
  };
  if (matrix.layout != MatrixLayout::kTernary2Bit && matrix.layout != MatrixLayout::kTernaryBase3) {
    return unsupported("is not ternary with one scale");
  }
  if (matrix.activations != ActivationFormat::kInt8Token) return unsupported("does not take int8 per token");
  if (matrix.k > gpu::kMaxK) return unsupported("has rows too long for exact sums of floats");
  if (!linear.input_norm.empty()) return unsupported("has a norm of its own");
  if (linear.hadamard_block != 0) return unsupported("has a Hadamard transform");
  if (reinterpret_cast<uintptr_t>(matrix.codes) % 4 != 0) return unsupported("is not aligned to 4 bytes");
  return absl::OkStatus();
}

absl::Status CheckHead(const Matrix& head) {
  switch (head.layout) {
    case MatrixLayout::kFloat16:
    case MatrixLayout::kBFloat16:
    case MatrixLayout::kFloat32:
      if (head.activations == ActivationFormat::kFloat) return absl::OkStatus();
      break;
    case MatrixLayout::kInt6:
      if (head.activations == ActivationFormat::kInt8Token) return absl::OkStatus();
      break;
    default:
      break;
  }
  return absl::UnimplementedError("Metal: the output head is neither of floats nor of 6 bits");
}

}  // namespace

absl::Status CheckGpuSupport(const ModelConfig& config, const ModelWeights& weights) {
  if (config.has_query_key_norms) {
    return absl::UnimplementedError("Metal: queries and keys have norms: there is no kernel for them");
  }
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& layer = weights.layers[i];
    const struct {
      const Linear* linear;
      const char* name;
    } linears[] = {{&layer.query, "query"}, {&layer.key, "key"},
                   {&layer.value, "value"}, {&layer.attn_output, "attention output"},
                   {&layer.gate, "gate"},   {&layer.up, "up"},
                   {&layer.down, "down"}};
    for (const auto& [linear, name] : linears) RETURN_IF_ERROR(CheckLinear(*linear, name, i));
  }
  return CheckHead(weights.head);
}

}  // namespace bitnet
